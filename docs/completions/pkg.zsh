#compdef pkg

autoload -U is-at-least

_pkg() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_pkg_commands" \
"*::: :->pkg" \
&& ret=0
    case $state in
    (pkg)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-command-$line[1]:"
        case $line[1] in
            (init)
_arguments "${_arguments_options[@]}" : \
'-y[Ask nothing; write what was found]' \
'--yes[Ask nothing; write what was found]' \
'--dry-run[Print what would be written, write nothing]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
'::folder -- Folder with the model:_files' \
&& ret=0
;;
(pack)
_arguments "${_arguments_options[@]}" : \
'-o+[Bundle to write; a name that ends in .tar makes one archive]:OUTPUT:_files' \
'--output=[Bundle to write; a name that ends in .tar makes one archive]:OUTPUT:_files' \
'--store=[How files get into the bundle]:STORE:((auto\:"Reflink where the file system can, otherwise copy"
reflink\:"Reflink or fail"
hardlink\:"Hard link or fail; later edits in place of either file change both"
copy\:"Always copy"))' \
'--shards=[Whether large files get one digest per shard]:SHARDS:((auto\:"Shards when one file is large enough to keep a core busy alone"
always\:"Always shards"
never\:"Never shards"))' \
'--no-cache[Read every file again, also those known from an earlier pack]' \
'--force[Replace the output even if it is no bundle]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::folder -- Folder with the model and its pkg.toml:_files' \
&& ret=0
;;
(keygen)
_arguments "${_arguments_options[@]}" : \
'-o+[Prefix of the two files\: PREFIX.key and PREFIX.pub]:PREFIX:_files' \
'--output=[Prefix of the two files\: PREFIX.key and PREFIX.pub]:PREFIX:_files' \
'--algorithm=[Kind of key]:ALGORITHM:((ecdsa-p256\:"ECDSA on P-256 with SHA-256; tools of the OpenSSF model signing format accept it"
ed25519\:"Ed25519"))' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'(--passphrase-file)--no-passphrase[Store the private key unencrypted, ask for no passphrase]' \
'--force[Replace existing files]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(sign)
_arguments "${_arguments_options[@]}" : \
'--key=[Private key, PEM]:FILE:_files' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'--model-signature=[What the OpenSSF model signature in the unpacked folder lists]:MODEL_SIGNATURE:((files\:"One for each file; every tool of the format accepts it"
shards\:"One for each shard; some tools need to be told so"
none\:"No model signature"))' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle to sign\: a layout folder or an archive:_files' \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'--digest=[Digest that the release must have]:sha256:HEX:_default' \
'*--only=[Check only these components\: weights, config, code, docs, data, or a kind]:KIND:_default' \
'--whole-files[Check whole-file digests as well where shard digests were recorded]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
':target -- Bundle, archive or unpacked folder:_files' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key to check the signatures with, PEM; may be repeated]:FILE:_files' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
':target -- Bundle, archive or unpacked folder:_files' \
&& ret=0
;;
(unpack)
_arguments "${_arguments_options[@]}" : \
'*--only=[Unpack only these components\: weights, config, code, docs, data, or a kind]:KIND:_default' \
'--store=[How files get out of the bundle]:STORE:((auto\:"Reflink where the file system can, otherwise copy"
reflink\:"Reflink or fail"
hardlink\:"Hard link or fail; later edits in place of either file change both"
copy\:"Always copy"))' \
'--force[Put the files into an existing folder, over files of the same name]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle or archive:_files' \
':output -- Folder to make:_files' \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--keep=[Keep the folder with everything that was made, here]:FOLDER:_files' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
'::code -- Code of the finding, such as digest-mismatch:_default' \
&& ret=0
;;
(schema)
_arguments "${_arguments_options[@]}" : \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- Name of the schema:_default' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help]' \
'--help[Print help]' \
':shell -- Shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-command-$line[1]:"
        case $line[1] in
            (init)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(pack)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(keygen)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(sign)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(unpack)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(schema)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_pkg_commands] )) ||
_pkg_commands() {
    local commands; commands=(
'init:Look at a model folder and write its pkg.toml' \
'pack:Make a bundle from a folder with a pkg.toml' \
'keygen:Make a signing key pair' \
'sign:Sign a bundle' \
'verify:Check a bundle, an archive or an unpacked folder' \
'show:Say what a bundle is, without checking its content' \
'unpack:Write the files of a bundle into a folder, checking them on the way' \
'demo:Run the whole round on a small generated model, with a word on each step' \
'explain:Explain a finding code, or list them' \
'schema:Print a JSON Schema, or list them' \
'completions:Print a shell completion script' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg commands' commands "$@"
}
(( $+functions[_pkg__subcmd__completions_commands] )) ||
_pkg__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'pkg completions commands' commands "$@"
}
(( $+functions[_pkg__subcmd__demo_commands] )) ||
_pkg__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'pkg demo commands' commands "$@"
}
(( $+functions[_pkg__subcmd__explain_commands] )) ||
_pkg__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'pkg explain commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help_commands] )) ||
_pkg__subcmd__help_commands() {
    local commands; commands=(
'init:Look at a model folder and write its pkg.toml' \
'pack:Make a bundle from a folder with a pkg.toml' \
'keygen:Make a signing key pair' \
'sign:Sign a bundle' \
'verify:Check a bundle, an archive or an unpacked folder' \
'show:Say what a bundle is, without checking its content' \
'unpack:Write the files of a bundle into a folder, checking them on the way' \
'demo:Run the whole round on a small generated model, with a word on each step' \
'explain:Explain a finding code, or list them' \
'schema:Print a JSON Schema, or list them' \
'completions:Print a shell completion script' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__completions_commands] )) ||
_pkg__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help completions commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__demo_commands] )) ||
_pkg__subcmd__help__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help demo commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__explain_commands] )) ||
_pkg__subcmd__help__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help explain commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__init_commands] )) ||
_pkg__subcmd__help__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help init commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__keygen_commands] )) ||
_pkg__subcmd__help__subcmd__keygen_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help keygen commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__pack_commands] )) ||
_pkg__subcmd__help__subcmd__pack_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help pack commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__schema_commands] )) ||
_pkg__subcmd__help__subcmd__schema_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help schema commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__show_commands] )) ||
_pkg__subcmd__help__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__sign_commands] )) ||
_pkg__subcmd__help__subcmd__sign_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help sign commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__unpack_commands] )) ||
_pkg__subcmd__help__subcmd__unpack_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help unpack commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__verify_commands] )) ||
_pkg__subcmd__help__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help verify commands' commands "$@"
}
(( $+functions[_pkg__subcmd__init_commands] )) ||
_pkg__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'pkg init commands' commands "$@"
}
(( $+functions[_pkg__subcmd__keygen_commands] )) ||
_pkg__subcmd__keygen_commands() {
    local commands; commands=()
    _describe -t commands 'pkg keygen commands' commands "$@"
}
(( $+functions[_pkg__subcmd__pack_commands] )) ||
_pkg__subcmd__pack_commands() {
    local commands; commands=()
    _describe -t commands 'pkg pack commands' commands "$@"
}
(( $+functions[_pkg__subcmd__schema_commands] )) ||
_pkg__subcmd__schema_commands() {
    local commands; commands=()
    _describe -t commands 'pkg schema commands' commands "$@"
}
(( $+functions[_pkg__subcmd__show_commands] )) ||
_pkg__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__sign_commands] )) ||
_pkg__subcmd__sign_commands() {
    local commands; commands=()
    _describe -t commands 'pkg sign commands' commands "$@"
}
(( $+functions[_pkg__subcmd__unpack_commands] )) ||
_pkg__subcmd__unpack_commands() {
    local commands; commands=()
    _describe -t commands 'pkg unpack commands' commands "$@"
}
(( $+functions[_pkg__subcmd__verify_commands] )) ||
_pkg__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'pkg verify commands' commands "$@"
}

if [ "$funcstack[1]" = "_pkg" ]; then
    _pkg "$@"
else
    compdef _pkg pkg
fi
