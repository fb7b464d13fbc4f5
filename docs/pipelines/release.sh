#!/bin/sh
# Releases a model from a pipeline: `pkg release`, then what pipelines want to have of it.
# The GitHub Action and the GitLab component run this very script. All it takes is in the
# environment, so that no value of a pipeline is ever part of a command line.
#
#   PKG                      program [pkg]
#   PKG_RELEASE_TO           oci://HOST/REPOSITORY:TAG (needed)
#   PKG_RELEASE_FOLDER       folder with the model, or the repository [.]
#   PKG_RELEASE_FROM_GIT     revision to release the files of
#   PKG_RELEASE_KEY          private key: a file, or a pkcs11: URI
#   PKG_RELEASE_KEY_PEM      private key: its text, as secrets of pipelines are
#   PKG_PASSPHRASE           passphrase of the key
#   PKG_RELEASE_KEYLESS      true: sign by the identity of the pipeline
#   PKG_RELEASE_IDENTITY     identity that must be found to have signed
#   PKG_RELEASE_ISSUER       OIDC issuer of that identity
#   PKG_RELEASE_POLICY       policy file
#   PKG_RELEASE_ADOPTER      for whom the terms are weighed
#   PKG_RELEASE_PLUGINS      ids of plugins, with spaces between
#   PKG_RELEASE_REQUIRE      requirements as `pkg verify --require` has them, with spaces between
#   PKG_RELEASE_PROVENANCE   true: attest SLSA provenance of this pipeline
#   PKG_RELEASE_MOVE_TAG     true: the tag may be moved
#   PKG_RELEASE_DRY_RUN      true: show the plan and do nothing
#   PKG_RELEASE_TRUST_CONFIG services to sign by identity with, and their root
#   PKG_RELEASE_OUT          folder for reports, log and outputs [pkg-release]
#
# Ends with the exit code of `pkg release`.
set -euf

pkg=${PKG:-pkg}
out=${PKG_RELEASE_OUT:-pkg-release}
folder=${PKG_RELEASE_FOLDER:-.}
to=${PKG_RELEASE_TO:?'say where the release goes: oci://HOST/REPOSITORY:TAG'}

umask 077
mkdir -p -- "$out"
secret=
trap 'test -z "$secret" || rm -rf -- "$secret"' EXIT
trap 'exit 130' HUP INT TERM

key=${PKG_RELEASE_KEY:-}
if [ -z "$key" ] && [ -n "${PKG_RELEASE_KEY_PEM:-}" ]; then
    secret=$(mktemp -d)
    key=$secret/key.pem
    printf '%s\n' "$PKG_RELEASE_KEY_PEM" >"$key"
fi
unset PKG_RELEASE_KEY_PEM

# A value is bound to its option: one that begins with a dash is still a value.
set -- release "--to=$to" --yes "--report=$out/report.md" "--sarif=$out/report.sarif" \
    "--badge=$out/badge.svg" "--log-file=$out/log.jsonl"
option() {
    if [ -n "$2" ]; then added="$1=$2"; else added=; fi
}
option --from-git "${PKG_RELEASE_FROM_GIT:-}" && set -- "$@" ${added:+"$added"}
option --key "$key" && set -- "$@" ${added:+"$added"}
option --identity "${PKG_RELEASE_IDENTITY:-}" && set -- "$@" ${added:+"$added"}
option --issuer "${PKG_RELEASE_ISSUER:-}" && set -- "$@" ${added:+"$added"}
option --policy "${PKG_RELEASE_POLICY:-}" && set -- "$@" ${added:+"$added"}
option --adopter "${PKG_RELEASE_ADOPTER:-}" && set -- "$@" ${added:+"$added"}
option --trust-config "${PKG_RELEASE_TRUST_CONFIG:-}" && set -- "$@" ${added:+"$added"}
for id in ${PKG_RELEASE_PLUGINS:-}; do set -- "$@" "--plugin=$id"; done
for what in ${PKG_RELEASE_REQUIRE:-}; do set -- "$@" "--require=$what"; done
if [ "${PKG_RELEASE_KEYLESS:-}" = true ]; then set -- "$@" --keyless; fi
if [ "${PKG_RELEASE_PROVENANCE:-}" = true ]; then set -- "$@" --attest-provenance; fi
if [ "${PKG_RELEASE_MOVE_TAG:-}" = true ]; then set -- "$@" --move-tag; fi
if [ "${PKG_RELEASE_DRY_RUN:-}" = true ]; then set -- "$@" --dry-run; fi
set -- "$@" -- "$folder"

# What an earlier run left is not what this one made.
rm -f -- "$out/report.md" "$out/report.sarif" "$out/badge.svg" "$out/log.jsonl" "$out/release.env"

exit=0
"$pkg" "$@" || exit=$?

reference=
if [ "$exit" -eq 0 ] && [ -f "$out/log.jsonl" ]; then
    reference=$(sed -n 's/.*"step":"push".*"exit":0,.*"made":\["\(oci:[^"]*\)"\].*/\1/p' "$out/log.jsonl" | tail -n 1)
fi
if [ -n "$reference" ]; then
    printf 'PKG_RELEASE_REFERENCE=%s\nPKG_RELEASE_DIGEST=%s\n' "$reference" "${reference##*@}" >"$out/release.env"
    if [ -n "${GITHUB_OUTPUT:-}" ]; then
        printf 'reference=%s\ndigest=%s\n' "$reference" "${reference##*@}" >>"$GITHUB_OUTPUT"
    fi
fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$out/report.md" ]; then
    cat -- "$out/report.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$exit"
