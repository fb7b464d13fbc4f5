#!/bin/sh
# A model from a git repository to a registry, and what stands in the way of mistakes:
#
#   1. hooks refuse a commit with a token in it
#   2. the repository is pushed, and its tag released: packed from the commit with its Git LFS
#      objects, looked at by plugins, signed, sent, verified in the registry, and only then tagged
#   3. the same again changes nothing; another release under the same tag is refused
#   4. somebody else, who has nothing but the reference and a public key, verifies and reports
#      it with a policy and as an adopter
#   5. hooks let the released tag be pushed, and refuse one that nobody released
#
# Needs: pkg and its plugins (`cargo xtask plugins`), git, a model in target/models/smollm2
# (`cargo xtask fetch-models`), and Debian's docker-registry or Rust. All of it happens on
# this machine; the registry is on loopback and is gone at the end.
#
#   PKG    program [target/release/pkg]
#   MODEL  folder with the model [target/models/smollm2]
set -euf

root=$(cd "$(dirname "$0")/.." && pwd)
pkg=${PKG:-$root/target/release/pkg}
model=${MODEL:-$root/target/models/smollm2}
command -v "$pkg" >/dev/null || { echo "there is no $pkg: run cargo xtask plugins" >&2; exit 2; }
test -d "$model" || { echo "there is no $model: run cargo xtask fetch-models" >&2; exit 2; }
pkg=$(command -v "$pkg")

work=$(mktemp -d)
registry_pid=
cleanup() {
    test -z "$registry_pid" || kill "$registry_pid" 2>/dev/null || :
    rm -rf -- "$work"
}
trap cleanup EXIT
trap 'exit 130' HUP INT TERM

# Nothing of whoever runs this has a say, and nothing of it is changed.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE REGISTRY_AUTH_FILE
export HOME="$work/home" PKG_CACHE_DIR="$work/cache" GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org
export GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.org
# The hooks start the program by its name.
mkdir -p "$HOME" "$work/bin"
ln -s "$pkg" "$work/bin/pkg"
export PATH="$work/bin:$PATH"

step() { printf '\n== %s\n' "$*"; }

# Runs a command that must end with this exit code and say this; all of it is shown when it
# does not.
must() {
    wanted=$1 word=$2
    shift 2
    exit=0
    "$@" >"$work/said" 2>&1 || exit=$?
    if [ "$exit" -ne "$wanted" ] || ! grep -q -e "$word" "$work/said"; then
        cat "$work/said"
        echo "WRONG: ended with $exit, not $wanted, or did not say '$word': $*" >&2
        exit 1
    fi
    echo "ok (exit $exit, $word): $*"
}

step "a registry on loopback"
if command -v docker-registry >/dev/null; then
    cat >"$work/registry.yml" <<CONFIG
version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: $work/registry}, delete: {enabled: true}}
http: {addr: "127.0.0.1:0"}
CONFIG
    docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
    registry_pid=$!
    find_host() { sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log"; }
else
    (cd "$root" && exec cargo xtask registry) >"$work/registry.log" 2>"$work/registry.err" &
    registry_pid=$!
    find_host() { sed -n '1p' "$work/registry.log"; }
fi
host=
for _ in $(seq 1 600); do
    host=$(find_host)
    test -z "$host" || break
    kill -0 "$registry_pid" || { cat "$work/registry.log"; exit 1; }
    sleep 0.1
done
test -n "$host" || { echo "the registry did not start" >&2; exit 1; }
to=oci://$host/models/smollm2
echo "$host"

step "a repository as model hubs have them: small files in git, weights in Git LFS"
for who in release stranger; do pkg keygen --no-passphrase -o "$work/$who"; done
repo=$work/repo
git init -q -b main "$repo"
git init -q --bare -b main "$work/origin.git"
git -C "$repo" remote add origin "$work/origin.git"
cp -r "$model/." "$repo/"
rm -rf "$repo/pkg.toml" "$repo/golden.json" "$repo/.cache"
if [ ! -e "$repo/README.md" ]; then
    printf -- '---\nlicense: apache-2.0\n---\n# SmolLM2\n' >"$repo/README.md"
fi
pkg init --yes --quiet "$repo"
mkdir "$repo/train"
printf 'print("how it was trained")\n' >"$repo/train/train.py"
# The code is that of the tag, file by file.
cat >>"$repo/pkg.toml" <<SPEC

[[component]]
kind = "training-code"
licence = "Apache-2.0"
git = { repo = ".", rev = "v1.0", path = "train/" }
SPEC
printf '%s filter=lfs diff=lfs merge=lfs -text\n' '*.gguf' '*.safetensors' >"$repo/.gitattributes"
set +f
cd "$repo"
for file in *.gguf *.safetensors; do
    test -f "$file" || continue
    # What `git lfs` does when a file is added.
    oid=$(sha256sum <"$file" | cut -d ' ' -f 1)
    size=$(wc -c <"$file" | tr -d ' ')
    object=.git/lfs/objects/$(printf %s "$oid" | cut -c 1-2)/$(printf %s "$oid" | cut -c 3-4)
    mkdir -p "$object"
    mv "$file" "$object/$oid"
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %s\n' \
        "$oid" "$size" >"$file"
done
cd "$work"
set -f

step "hooks"
# Where Git LFS is installed, its filter must not touch what was written by hand.
git -C "$repo" config filter.lfs.clean cat
git -C "$repo" config filter.lfs.smudge cat
git -C "$repo" config filter.lfs.required false
git -C "$repo" config filter.lfs.process ''
(cd "$repo" && pkg hook install)
git -C "$repo" config pkg.key "$work/release.pub"
git -C "$repo" config pkg.bundle 'dist/*.pkg'
printf 'dist/\n' >>"$repo/.git/info/exclude"

step "1. a commit with a token in it is refused"
cp "$repo/README.md" "$work/README.md"
printf '\nexport HF_TOKEN=hf_%s\n' Zr4TqYv8KwNb2LxHs6JdPc9FgMu3Ea7RkW >>"$repo/README.md"
git -C "$repo" add -A
must 1 'secret-found' git -C "$repo" commit -q -m "Release 1.0"
if git -C "$repo" rev-parse -q --verify HEAD >/dev/null; then
    echo "WRONG: the commit was made" >&2
    exit 1
fi
cp "$work/README.md" "$repo/README.md"
git -C "$repo" add -A
git -C "$repo" commit -q -m "Release 1.0"
git -C "$repo" tag v1.0
git -C "$repo" push -q origin main

step "2. the plan, and the release"
mkdir "$repo/dist"
cat >"$work/policy.toml" <<'POLICY'
version = 1
description = "What we take from this publisher."

[[signers]]
name = "publisher"

[[signers.member]]
key = "release.pub"

[[rule]]
id = "signed"
signed-by = { signers = ["publisher"] }

[[rule]]
id = "weights-checked"
component = { kind = "weights", evidence = "verified" }
POLICY
set -- release "$repo" --from-git v1.0 --to "$to:v1.0" --key "$work/release.key" \
    -o "$repo/dist/smollm2.pkg" --policy "$work/policy.toml" --adopter use=commercial \
    --plugin weights --report "$work/report.md" --sarif "$work/report.sarif" \
    --badge "$work/badge.svg" --log-file "$work/log.jsonl"
must 0 'nothing was done' pkg "$@" --dry-run
if pkg show "$to:v1.0" >/dev/null 2>&1 || [ -e "$repo/dist/smollm2.pkg" ]; then
    echo "WRONG: a plan did something" >&2
    exit 1
fi
pkg "$@" --yes
grep -q '^## Released' "$work/report.md"
test -s "$work/report.sarif"
test -s "$work/badge.svg"
tail -n 1 "$work/log.jsonl" | grep -q '"step":"report"'

step "3. once more: nothing is left to do; and no other release gets this tag"
cp -r "$repo/dist/smollm2.pkg" "$work/before.pkg"
must 0 'push *nothing to do' pkg "$@" --yes
diff -r "$work/before.pkg" "$repo/dist/smollm2.pkg"
printf '\nAnother sentence.\n' >>"$repo/README.md"
git -C "$repo" commit -q -a -m "Say more"
git -C "$repo" push -q origin main
must 2 'tag-taken' pkg release "$repo" --from-git main --to "$to:v1.0" \
    --key "$work/release.key" -o "$work/other.pkg" --yes

step "4. somebody else, elsewhere, with nothing but the reference and a public key"
mkdir "$work/elsewhere"
export PKG_CACHE_DIR="$work/elsewhere/cache"
cd "$work/elsewhere"
cp "$work/release.pub" "$work/policy.toml" .
pkg show "$to:v1.0" --key release.pub
must 0 '^OK' pkg verify "$to:v1.0" --policy policy.toml --adopter use=commercial
pkg report "$to:v1.0" --key release.pub --adopter use=commercial
must 10 'wrong-key' pkg verify "$to:v1.0" --key "$work/stranger.pub"
printf '\n[[rule]]\nid = "tested"\nattestation = { predicate-type = "%s", signers = ["publisher"] }\n' \
    https://example.org/not-there >>policy.toml
must 11 'policy-refused' pkg verify "$to:v1.0" --policy policy.toml
must 0 '^OK' pkg verify "$to:v1.0" --key release.pub --against "$work/origin.git"
pkg pull "$to:v1.0" --key release.pub -o mine.pkg
must 0 '^OK' pkg verify mine.pkg --key release.pub

step "5. the released tag may be pushed; one that nobody released may not"
cd "$work"
git -C "$repo" push -q origin v1.0
git -C "$repo" tag v1.1
must 1 'release-tag-refused' git -C "$repo" push -q origin v1.1
if git -C "$work/origin.git" rev-parse -q --verify refs/tags/v1.1 >/dev/null; then
    echo "WRONG: the tag was pushed" >&2
    exit 1
fi
(cd "$repo" && pkg hook uninstall)

step "all as it should be"
