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
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
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
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'-y[Ask nothing; write what was found]' \
'--yes[Ask nothing; write what was found]' \
'--dry-run[Print what would be written, write nothing]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
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
'--shard=[Store weights and configuration files larger than this as several layers, cut along their tensors]:SIZE:_default' \
'--git-signers=[Who may sign tags and commits that code comes from (ssh-keygen(1), ALLOWED SIGNERS)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--no-cache[Read every file again, also those known from an earlier pack]' \
'--force[Replace the output even if it is no bundle]' \
'--allow-dirty[Pack code although the work tree has uncommitted changes; the release says so]' \
'--allow-unpushed[Pack code from a commit that no remote branch has; the release says so]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::folder -- Folder with the model and its pkg.toml:_files' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--staged[Check only what is staged for the next commit, as it is staged]' \
'--strict[Count warnings as errors]' \
'(--json)--sarif[Print the findings as SARIF, for code scanning]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::paths -- Folder to check, or files of one:_files' \
&& ret=0
;;
(hook)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_pkg__subcmd__hook_commands" \
"*::: :->hook" \
&& ret=0

    case $state in
    (hook)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-hook-command-$line[1]:"
        case $line[1] in
            (install)
_arguments "${_arguments_options[@]}" : \
'-C+[Folder of the repository]:FOLDER:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::names -- Hooks; all of them unless named:((pre-commit\:"Check what is staged"
pre-push\:"A release tag needs a signed bundle whose code is that commit"
post-checkout\:"Verify signed folders that were checked out"
post-merge\:"Verify signed folders that were merged"))' \
&& ret=0
;;
(uninstall)
_arguments "${_arguments_options[@]}" : \
'-C+[Folder of the repository]:FOLDER:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::names -- Hooks; all of them unless named:((pre-commit\:"Check what is staged"
pre-push\:"A release tag needs a signed bundle whose code is that commit"
post-checkout\:"Verify signed folders that were checked out"
post-merge\:"Verify signed folders that were merged"))' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'-C+[Folder of the repository]:FOLDER:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':name -- Which hook:((pre-commit\:"Check what is staged"
pre-push\:"A release tag needs a signed bundle whose code is that commit"
post-checkout\:"Verify signed folders that were checked out"
post-merge\:"Verify signed folders that were merged"))' \
'*::args -- What git gives it:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__hook__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-hook-help-command-$line[1]:"
        case $line[1] in
            (install)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(uninstall)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(run)
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
;;
(keygen)
_arguments "${_arguments_options[@]}" : \
'-o+[Prefix of the two files\: PREFIX.key and PREFIX.pub]:PREFIX:_files' \
'--output=[Prefix of the two files\: PREFIX.key and PREFIX.pub]:PREFIX:_files' \
'--algorithm=[Kind of key]:ALGORITHM:((ecdsa-p256\:"ECDSA on P-256 with SHA-256; tools of the OpenSSF model signing format accept it"
ed25519\:"Ed25519"))' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
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
'--key=[Private key\: a PEM file, or a \`pkcs11\:\` URI (RFC 7512)]:FILE|URI:_files' \
'(--key)--signer-command=[Command that signs, for keys in key services; see docs/signers.md]:COMMAND:_default' \
'*--certificate=[Certificate of the key, PEM, with the intermediates above it; may be repeated]:FILE:_files' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'--identity-token=[OIDC token that says who you are (also \`PKG_IDENTITY_TOKEN\`)]:TOKEN:_default' \
'--signing-config=[Signing config of the instance (\`signing_config.json\`)]:FILE:_files' \
'(--signing-config --trusted-root)--trust-config=[Client trust config of the instance\: signing config and trusted root in one]:FILE:_files' \
'--trusted-root=[Trusted root of the instance, to check new signatures with (\`trusted_root.json\`)]:FILE:_files' \
'--model-signature=[What the OpenSSF model signature lists]:MODEL_SIGNATURE:((files\:"One for each file; every tool of the format accepts it"
shards\:"One for each shard; some tools need to be told so"
none\:"No model signature"))' \
'--signature=[The model signature \[default\: model.sig in the folder\]; with it, the target may be one file]:FILE:_files' \
'*--ignore-paths=[Path to leave out, with everything below it, from the current folder; may be repeated]:PATH:_files' \
'--allow-symlinks=[Follow symbolic links to files, those that stay in the folder unless said otherwise]::WHERE:((inside\:"Links to files in the folder"
anywhere\:"Links to files anywhere"))' \
'--hash=[Hash of the content]:HASH:((sha256\:"SHA-256; the command line of every tool of the format accepts it"
blake2b\:"\`BLAKE2b\`, 64 bytes"
blake3\:"BLAKE3"))' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--key --signer-command --certificate)--keyless[Sign by identity\: the pipeline'\''s own where there is one, otherwise yours, by browser]' \
'(--keyless)--log[Put the signature of the key into the transparency log of the instance]' \
'(--keyless)--timestamp[Have the signature of the key timestamped by the authority of the instance]' \
'--oob[Show an address and ask for a code, instead of opening a browser]' \
'(--signing-config --trust-config)--staging[Use the staging instance of Sigstore, for tests]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--add[Add to the signatures of others; what \`sign\` does anyway]' \
'--no-ignore-git-paths[Count .git, .gitattributes, .github and .gitignore like other files]' \
'--trust-cache[Do not read files again that did not change since they were signed last]' \
'--force[Write the signature over whatever is there]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle to sign\: a layout folder, an archive or an oci\:// reference; or a folder that is none:_files' \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'--digest=[Digest that the release must have]:sha256:HEX:_default' \
'*--only=[Check only these components\: weights, config, code, docs, data, or a kind]:KIND:_default' \
'--policy=[Policy that the release must meet; see \`pkg policy\`]:FILE:_files' \
'--against=[Repository whose commits the code of the release must be, file by file]:REPOSITORY:_files' \
'--git-signers=[Who must have signed the tag or the commit there (ssh-keygen(1), ALLOWED SIGNERS)]:FILE:_files' \
'--adopter=[Who asks\: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial]:FILE|KEY=VALUE,...:_default' \
'*--plugin=[Plugin that looks at the release; may be repeated]:ID:_default' \
'*--require=[What must hold\: plugin\:ID (it must not skip), or test-result\:ID\[@WHO\], where WHO is key\:FILE or an identity, with \`,issuer=URL\` behind it; may be repeated]:WHAT:_default' \
'--device=[Where to run what can run on a GPU]:DEVICE:((gpu\:"A GPU; without one the plugin skips"
cpu\:"The processor"))' \
'--threads=[Threads to use; 0\: as many as there are processors]:N:_default' \
'*--set=[Setting of the plugin; may be repeated]:NAME=VALUE:_default' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'--signature=[The model signature \[default\: model.sig in the folder\]; with it, the target may be one file]:FILE:_files' \
'*--ignore-paths=[Path to leave out, with everything below it, from the current folder; may be repeated]:PATH:_files' \
'--allow-symlinks=[Follow symbolic links to files, those that stay in the folder unless said otherwise]::WHERE:((inside\:"Links to files in the folder"
anywhere\:"Links to files anywhere"))' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--whole-files[Check whole-file digests as well where shard digests were recorded]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'--no-ignore-git-paths[Count .git, .gitattributes, .github and .gitignore like other files]' \
'--ignore-unsigned-files[Leave files alone that the signature does not list]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, archive, oci\:// reference, unpacked folder, or folder or file with a model signature:_files' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'--adopter=[Who asks\: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial]:FILE|KEY=VALUE,...:_default' \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, archive, oci\:// reference or unpacked folder:_files' \
&& ret=0
;;
(unpack)
_arguments "${_arguments_options[@]}" : \
'*--only=[Unpack only these components\: weights, config, code, docs, data, or a kind]:KIND:_default' \
'--store=[How files get out of the bundle]:STORE:((auto\:"Reflink where the file system can, otherwise copy"
reflink\:"Reflink or fail"
hardlink\:"Hard link or fail; later edits in place of either file change both"
copy\:"Always copy"))' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--force[Put the files into an existing folder, over files of the same name]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle, archive or oci\:// reference:_files' \
':output -- Folder to make:_files' \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'--digest=[Digest that the release must have]:sha256:HEX:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--with-root[Put the trusted root into the folder as well]' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle or archive:_files' \
':output -- Folder to make:_files' \
&& ret=0
;;
(push)
_arguments "${_arguments_options[@]}" : \
'*--mount-from=[Repository of the same registry that may hold blobs of it already]:REPOSITORY:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--no-tag)--new-tag[Refuse if the tag names another release]' \
'--no-tag[Push by digest only, and leave tags alone]' \
'--coded[Send weights in coded form as well, where that makes them smaller]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle or archive:_files' \
':to -- Where to; the version of the release is the tag when none is given:_default' \
&& ret=0
;;
(pull)
_arguments "${_arguments_options[@]}" : \
'-o+[Folder to make; named after the repository unless given]:OUTPUT:_files' \
'--output=[Folder to make; named after the repository unless given]:OUTPUT:_files' \
'*--only=[Pull only these components\: weights, config, code, docs, data, or a kind]:KIND:_default' \
'*--reuse=[Bundle on this machine that may hold some of its blobs, such as an older version]:BUNDLE:_files' \
'--digest=[Digest that the release must have]:sha256:HEX:_default' \
'--policy=[Policy that the release must meet, asked before its content is fetched]:FILE:_files' \
'--adopter=[Who asks\: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial]:FILE|KEY=VALUE,...:_default' \
'*--plugin=[Plugin that looks at the release; may be repeated]:ID:_default' \
'*--require=[What must hold\: plugin\:ID (it must not skip), or test-result\:ID\[@WHO\], where WHO is key\:FILE or an identity, with \`,issuer=URL\` behind it; may be repeated]:WHAT:_default' \
'--device=[Where to run what can run on a GPU]:DEVICE:((gpu\:"A GPU; without one the plugin skips"
cpu\:"The processor"))' \
'--threads=[Threads to use; 0\: as many as there are processors]:N:_default' \
'*--set=[Setting of the plugin; may be repeated]:NAME=VALUE:_default' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--force[Replace what is at the output]' \
'--no-coded[Fetch no weights in coded form]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':from -- What to pull:_default' \
&& ret=0
;;
(encode)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle or archive:_files' \
':output -- Coded layout to write; a name that ends in .tar makes one archive:_files' \
&& ret=0
;;
(decode)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':coded -- Coded layout, a folder or an archive:_files' \
':output -- Bundle to write; a name that ends in .tar makes one archive:_files' \
&& ret=0
;;
(report)
_arguments "${_arguments_options[@]}" : \
'--format=[Form of the report]:FORMAT:((text\:"For a terminal, on one screen"
html\:"A page that needs no network and no script"
markdown\:"For model cards"
badge\:"A badge (SVG)"
sarif\:"For code scanning (SARIF 2.1.0)"
cyclonedx\:"Bill of materials (\`CycloneDX\` 1.7)"
spdx\:"Bill of materials (SPDX 3.0.1)"
svr\:"Predicate of a verification summary (in-toto SVR v0.2)"
mof\:"Description for the Model Openness Tool"))' \
'-o+[File to write instead of printing]:OUTPUT:_files' \
'--output=[File to write instead of printing]:OUTPUT:_files' \
'--adopter=[Who asks\: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial]:FILE|KEY=VALUE,...:_default' \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--mot-compat[Answer about the framework exactly as the Model Openness Tool does]' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, folder, pkg.toml, model card, or description in the YAML of the Model Openness Framework:_files' \
&& ret=0
;;
(release)
_arguments "${_arguments_options[@]}" : \
'--to=[Where the release goes, with the tag that it gets at the end]:oci://HOST/REPO:TAG:_default' \
'--from-git=[Release the files of this revision, Git LFS objects included, instead of the folder'\''s]:REV:_default' \
'-o+[Bundle to make \[default\: one in the cache\]]:OUTPUT:_files' \
'--output=[Bundle to make \[default\: one in the cache\]]:OUTPUT:_files' \
'--model-signature=[The model signature beside the release statement]:MODEL_SIGNATURE:((files\:"One for each file; every tool of the format accepts it"
shards\:"One for each shard; some tools need to be told so"
none\:"No model signature"))' \
'--shard=[Store weights and configuration files larger than this as several layers]:SIZE:_default' \
'--identity=[Who must be found to have signed \[default\: whoever signs now\]]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that must have vouched for the identity]:URL:_default' \
'--policy=[Policy that the release must meet in the registry; see \`pkg policy\`]:FILE:_files' \
'--report=[Report to write, in Markdown]:FILE:_files' \
'--sarif=[Findings to write, in SARIF]:FILE:_files' \
'--badge=[Badge to write, in SVG]:FILE:_files' \
'--log-file=[Log to add to, one JSON document a line \[default\: one in the cache\]]:FILE:_files' \
'--git-signers=[Who may sign tags and commits that code comes from (ssh-keygen(1), ALLOWED SIGNERS)]:FILE:_files' \
'--adopter=[Who asks\: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial]:FILE|KEY=VALUE,...:_default' \
'*--plugin=[Plugin that looks at the release; may be repeated]:ID:_default' \
'*--require=[What must hold\: plugin\:ID (it must not skip), or test-result\:ID\[@WHO\], where WHO is key\:FILE or an identity, with \`,issuer=URL\` behind it; may be repeated]:WHAT:_default' \
'--device=[Where to run what can run on a GPU]:DEVICE:((gpu\:"A GPU; without one the plugin skips"
cpu\:"The processor"))' \
'--threads=[Threads to use; 0\: as many as there are processors]:N:_default' \
'*--set=[Setting of the plugin; may be repeated]:NAME=VALUE:_default' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'--key=[Private key\: a PEM file, or a \`pkcs11\:\` URI (RFC 7512)]:FILE|URI:_files' \
'(--key)--signer-command=[Command that signs, for keys in key services; see docs/signers.md]:COMMAND:_default' \
'*--certificate=[Certificate of the key, PEM, with the intermediates above it; may be repeated]:FILE:_files' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'--identity-token=[OIDC token that says who you are (also \`PKG_IDENTITY_TOKEN\`)]:TOKEN:_default' \
'--signing-config=[Signing config of the instance (\`signing_config.json\`)]:FILE:_files' \
'(--signing-config --trusted-root)--trust-config=[Client trust config of the instance\: signing config and trusted root in one]:FILE:_files' \
'--trusted-root=[Trusted root of the instance, to check new signatures with (\`trusted_root.json\`)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--dry-run[Show the plan and do nothing]' \
'-y[Do not ask whether the plan is right]' \
'--yes[Do not ask whether the plan is right]' \
'--move-tag[Let the tag name this release even if it names another one]' \
'--attest-provenance[Attest SLSA provenance of this pipeline, from its environment]' \
'--allow-dirty[Pack code although the work tree has uncommitted changes; the release says so]' \
'--allow-unpushed[Pack code from a commit that no remote branch has; the release says so]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'(--key --signer-command --certificate)--keyless[Sign by identity\: the pipeline'\''s own where there is one, otherwise yours, by browser]' \
'(--keyless)--log[Put the signature of the key into the transparency log of the instance]' \
'(--keyless)--timestamp[Have the signature of the key timestamped by the authority of the instance]' \
'--oob[Show an address and ask for a code, instead of opening a browser]' \
'(--signing-config --trust-config)--staging[Use the staging instance of Sigstore, for tests]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::folder -- Folder with the model and its pkg.toml; with `--from-git`, its repository:_files' \
&& ret=0
;;
(notice)
_arguments "${_arguments_options[@]}" : \
'-o+[Folder to make]:OUTPUT:_files' \
'--output=[Folder to make]:OUTPUT:_files' \
'--adopter=[Who asks\: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial]:FILE|KEY=VALUE,...:_default' \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--force[Replace the folder]' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, folder or pkg.toml that is passed on:_files' \
&& ret=0
;;
(diff)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':from -- Bundle, folder, pkg.toml or card:_files' \
':to -- The one to compare it with:_files' \
&& ret=0
;;
(lineage)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':child -- Bundle of the model in question:_files' \
':parent -- Bundle of the model that it may be made from:_files' \
&& ret=0
;;
(attest)
_arguments "${_arguments_options[@]}" : \
'--type=[Predicate type\: a URI, or slsa-provenance, test-result, svr, spdx, cyclonedx]:TYPE:_default' \
'--predicate=[The predicate, a JSON file]:FILE:_files' \
'*--evidence=[File that goes along as evidence, named in the predicate; may be repeated]:FILE:_files' \
'*--subject=[Another subject besides the release; may be repeated]:NAME=sha256:HEX:_default' \
'(--type --predicate --provenance --evidence --subject)*--import=[Attach what was signed elsewhere\: Sigstore bundles or DSSE envelopes, one or one a line]:FILE:_files' \
'--signed-by=[Public key that signed imported DSSE envelopes]:FILE:_files' \
'--key=[Private key\: a PEM file, or a \`pkcs11\:\` URI (RFC 7512)]:FILE|URI:_files' \
'(--key)--signer-command=[Command that signs, for keys in key services; see docs/signers.md]:COMMAND:_default' \
'*--certificate=[Certificate of the key, PEM, with the intermediates above it; may be repeated]:FILE:_files' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'--identity-token=[OIDC token that says who you are (also \`PKG_IDENTITY_TOKEN\`)]:TOKEN:_default' \
'--signing-config=[Signing config of the instance (\`signing_config.json\`)]:FILE:_files' \
'(--signing-config --trusted-root)--trust-config=[Client trust config of the instance\: signing config and trusted root in one]:FILE:_files' \
'--trusted-root=[Trusted root of the instance, to check new signatures with (\`trusted_root.json\`)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--type --predicate)--provenance[SLSA provenance of this pipeline, made from its environment]' \
'(--key --signer-command --certificate)--keyless[Sign by identity\: the pipeline'\''s own where there is one, otherwise yours, by browser]' \
'(--keyless)--log[Put the signature of the key into the transparency log of the instance]' \
'(--keyless)--timestamp[Have the signature of the key timestamped by the authority of the instance]' \
'--oob[Show an address and ask for a code, instead of opening a browser]' \
'(--signing-config --trust-config)--staging[Use the staging instance of Sigstore, for tests]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':bundle -- Bundle to attest\: a layout folder or an archive:_files' \
":: :_pkg__subcmd__attest_commands" \
"*::: :->attest" \
&& ret=0

    case $state in
    (attest)
        words=($line[2] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-attest-command-$line[2]:"
        case $line[2] in
            (list)
_arguments "${_arguments_options[@]}" : \
'*--type=[Predicate type\: a URI or short name; may be repeated \[default\: all\]]:TYPE:_default' \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, archive or unpacked folder:_files' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'*--type=[Predicate type\: a URI or short name; may be repeated \[default\: all\]]:TYPE:_default' \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, archive or unpacked folder:_files' \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
'*--type=[Predicate type\: a URI or short name; may be repeated \[default\: all\]]:TYPE:_default' \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, archive or unpacked folder:_files' \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
'*--type=[Predicate type\: a URI or short name; may be repeated \[default\: all\]]:TYPE:_default' \
'-o+[Output\: NAME.jsonl for one a line, NAME.json for the only one, otherwise a folder]:PATH:_files' \
'--output=[Output\: NAME.jsonl for one a line, NAME.json for the only one, otherwise a folder]:PATH:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, archive or unpacked folder:_files' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__attest__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-attest-help-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(export)
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
;;
(bench)
_arguments "${_arguments_options[@]}" : \
'--plugin=[Plugin to run]:ID:_default' \
'--device=[Where to run what can run on a GPU]:DEVICE:((gpu\:"A GPU; without one the plugin skips"
cpu\:"The processor"))' \
'--threads=[Threads to use; 0\: as many as there are processors]:N:_default' \
'*--set=[Setting of the plugin; may be repeated]:NAME=VALUE:_default' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'--key=[Private key\: a PEM file, or a \`pkcs11\:\` URI (RFC 7512)]:FILE|URI:_files' \
'(--key)--signer-command=[Command that signs, for keys in key services; see docs/signers.md]:COMMAND:_default' \
'*--certificate=[Certificate of the key, PEM, with the intermediates above it; may be repeated]:FILE:_files' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'--identity-token=[OIDC token that says who you are (also \`PKG_IDENTITY_TOKEN\`)]:TOKEN:_default' \
'--signing-config=[Signing config of the instance (\`signing_config.json\`)]:FILE:_files' \
'(--signing-config --trusted-root)--trust-config=[Client trust config of the instance\: signing config and trusted root in one]:FILE:_files' \
'--trusted-root=[Trusted root of the instance, to check new signatures with (\`trusted_root.json\`)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--verify-only[Only look whether the results are right, measure nothing]' \
'--required[A skip is a failure]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'(--key --signer-command --certificate)--keyless[Sign by identity\: the pipeline'\''s own where there is one, otherwise yours, by browser]' \
'(--keyless)--log[Put the signature of the key into the transparency log of the instance]' \
'(--keyless)--timestamp[Have the signature of the key timestamped by the authority of the instance]' \
'--oob[Show an address and ask for a code, instead of opening a browser]' \
'(--signing-config --trust-config)--staging[Use the staging instance of Sigstore, for tests]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Bundle, archive or unpacked folder:_files' \
&& ret=0
;;
(golden)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_pkg__subcmd__golden_commands" \
"*::: :->golden" \
&& ret=0

    case $state in
    (golden)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-golden-command-$line[1]:"
        case $line[1] in
            (record)
_arguments "${_arguments_options[@]}" : \
'-o+[File to write \[default\: golden.json in the folder\]]:OUTPUT:_files' \
'--output=[File to write \[default\: golden.json in the folder\]]:OUTPUT:_files' \
'--plugin=[Plugin whose engine runs the model]:ID:_default' \
'--threads=[Threads to use; 0\: as many as there are processors]:N:_default' \
'*--set=[Setting of the plugin; may be repeated]:NAME=VALUE:_default' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--force[Replace the file]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':target -- Model folder, bundle or archive:_files' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__golden__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-golden-help-command-$line[1]:"
        case $line[1] in
            (record)
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
;;
(plugin)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_pkg__subcmd__plugin_commands" \
"*::: :->plugin" \
&& ret=0

    case $state in
    (plugin)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-plugin-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Id of the plugin, or path of its manifest:_default' \
&& ret=0
;;
(install)
_arguments "${_arguments_options[@]}" : \
'--sha256=[Digest that the library must have]:sha256:HEX:_default' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--gpu[The library, which has no manifest, needs a GPU]' \
'--force[Replace an installed plugin of the same id]' \
'--no-trust[Do not let it run yet]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':file -- Manifest (NAME.pkgplugin.json), or the library of a plugin:_files' \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Id of the plugin:_default' \
&& ret=0
;;
(trust)
_arguments "${_arguments_options[@]}" : \
'--key=[Public key of somebody whose signed plugins may run]:FILE:_files' \
'--identity=[Identity of somebody whose signed plugins may run]:IDENTITY:_default' \
'--issuer=[Who vouches for the identity]:URL:_default' \
'--trusted-root=[Trusted root of the instance that the identity is of, unless it is the public one]:FILE:_files' \
'--mode=[How much trust matters from now on]:MODE:((off\:"Every plugin runs"
warn\:"Plugins that are not trusted run with a warning"
enforce\:"Only trusted plugins run"))' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--revoke[Take trust back instead]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::id -- Id of the plugin whose library may run as it is now, or path of its manifest:_default' \
&& ret=0
;;
(manifest)
_arguments "${_arguments_options[@]}" : \
'-o+[File to write; ID.pkgplugin.json beside the library unless given]:OUTPUT:_files' \
'--output=[File to write; ID.pkgplugin.json beside the library unless given]:OUTPUT:_files' \
'*--plugin-path=[Folder to look for plugins in, before all others; may be repeated]:FOLDER:_files' \
'--plugin-seconds=[Seconds that a plugin may take, instead of its own limit]:SECONDS:_default' \
'--plugin-memory=[Memory that a plugin may use, such as 4GiB, instead of its own limit]:SIZE:_default' \
'--key=[Private key\: a PEM file, or a \`pkcs11\:\` URI (RFC 7512)]:FILE|URI:_files' \
'(--key)--signer-command=[Command that signs, for keys in key services; see docs/signers.md]:COMMAND:_default' \
'*--certificate=[Certificate of the key, PEM, with the intermediates above it; may be repeated]:FILE:_files' \
'--passphrase-file=[File whose first line is the passphrase (otherwise \`PKG_PASSPHRASE\`, otherwise a prompt)]:FILE:_files' \
'--identity-token=[OIDC token that says who you are (also \`PKG_IDENTITY_TOKEN\`)]:TOKEN:_default' \
'--signing-config=[Signing config of the instance (\`signing_config.json\`)]:FILE:_files' \
'(--signing-config --trusted-root)--trust-config=[Client trust config of the instance\: signing config and trusted root in one]:FILE:_files' \
'--trusted-root=[Trusted root of the instance, to check new signatures with (\`trusted_root.json\`)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--gpu[The plugin needs a GPU]' \
'--locked[Leave \`PKG_PLUGIN_PATH\` alone]' \
'--require-sandbox[Run plugins only where they can be confined completely]' \
'(--key --signer-command --certificate)--keyless[Sign by identity\: the pipeline'\''s own where there is one, otherwise yours, by browser]' \
'(--keyless)--log[Put the signature of the key into the transparency log of the instance]' \
'(--keyless)--timestamp[Have the signature of the key timestamped by the authority of the instance]' \
'--oob[Show an address and ask for a code, instead of opening a browser]' \
'(--signing-config --trust-config)--staging[Use the staging instance of Sigstore, for tests]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':library -- The library:_files' \
&& ret=0
;;
(new)
_arguments "${_arguments_options[@]}" : \
'-o+[Folder to make; the id unless given]:OUTPUT:_files' \
'--output=[Folder to make; the id unless given]:OUTPUT:_files' \
'--language=[Language]:LANGUAGE:((rust\:"Rust, with the SDK"
c\:"C, with the header alone"))' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Id of the plugin:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__plugin__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-plugin-help-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(install)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(trust)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(manifest)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(new)
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
;;
(__plugin-host)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(sigstore)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_pkg__subcmd__sigstore_commands" \
"*::: :->sigstore" \
&& ret=0

    case $state in
    (sigstore)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-sigstore-command-$line[1]:"
        case $line[1] in
            (sign-bundle)
_arguments "${_arguments_options[@]}" : \
'--identity-token=[OIDC token that says who you are (also \`PKG_IDENTITY_TOKEN\`)]:TOKEN:_default' \
'--signing-config=[Signing config of the instance (\`signing_config.json\`)]:FILE:_files' \
'(--signing-config --trusted-root)--trust-config=[Client trust config of the instance\: signing config and trusted root in one]:FILE:_files' \
'--trusted-root=[Trusted root of the instance, to check new signatures with (\`trusted_root.json\`)]:FILE:_files' \
'--bundle=[Bundle to write]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--oob[Show an address and ask for a code, instead of opening a browser]' \
'(--signing-config --trust-config)--staging[Use the staging instance of Sigstore, for tests]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--in-toto[The file is an in-toto statement; sign it in a DSSE envelope]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':file -- File to sign:_files' \
&& ret=0
;;
(verify-bundle)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'--bundle=[Bundle to verify]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'(--trusted-root)--staging[Use the root of Sigstore'\''s staging instance]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':file_or_digest -- The artifact\: a file, or sha256\:HEX:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__sigstore__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-sigstore-help-command-$line[1]:"
        case $line[1] in
            (sign-bundle)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify-bundle)
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
;;
(trust)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_pkg__subcmd__trust_commands" \
"*::: :->trust" \
&& ret=0

    case $state in
    (trust)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-trust-command-$line[1]:"
        case $line[1] in
            (update)
_arguments "${_arguments_options[@]}" : \
'--mirror=[TUF repository of another instance]:URL:_default' \
'--root=[First TUF root of that repository (\`root.json\`), which you trust]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--mirror)--staging[Use Sigstore'\''s staging instance]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'--trusted-root=[Trusted root to look at (\`trusted_root.json\`)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--trusted-root)--staging[Look at the root of Sigstore'\''s staging instance]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(monitor)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key of the publisher, PEM; may be repeated, one must match]:FILE:_files' \
'*--certificate-chain=[Certificates of the publisher'\''s own authority, PEM; may be repeated]:FILE:_files' \
'--identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'--certificate-identity=[Identity of the publisher\: the e-mail address or URI in the certificate]:IDENTITY:_default' \
'(--identity)--identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'(--identity)--certificate-identity-regexp=[Regular expression that the whole identity must match]:REGEX:_default' \
'--issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'--certificate-oidc-issuer=[OIDC issuer that vouched for the identity]:URL:_default' \
'(--issuer)--issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'(--issuer)--certificate-oidc-issuer-regexp=[Regular expression that the whole issuer must match]:REGEX:_default' \
'*--claim=[Claim that the certificate must carry, such as build-trigger=release; may be repeated]:NAME=VALUE:_default' \
'--repository=[GitHub repository that signed, as OWNER/NAME; the issuer is GitHub'\''s unless given]:OWNER/NAME:_default' \
'--ref=[Git ref that the GitHub workflow ran on, such as refs/tags/v1.0]:REF:_default' \
'--workflow=[Name of the GitHub workflow]:NAME:_default' \
'--trigger=[Event that started the GitHub workflow, such as release]:EVENT:_default' \
'--trusted-root=[Trusted root of the Sigstore instance (\`trusted_root.json\`)]:FILE:_files' \
'--max-root-age=[Oldest trusted root to accept, in days; what was given as a file has no age]:DAYS:_default' \
'--state=[File that keeps what is known of the log; made by the first run]:FILE:_files' \
'--log=[Log of the trusted root, by address or id \[default\: the only one in use\]]:URL|ID:_default' \
'--from=[Entry at which the first run begins \[default\: the end of the log\]]:INDEX:_default' \
'--limit=[Most entries to read in one run]:COUNT:_default' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'(--identity --identity-regexp --issuer --issuer-regexp)--any-identity[Accept every identity\: says who signed, decides nothing]' \
'--offline[Open no socket at all, whatever else is asked for]' \
'--fail-on-entries[End with 11 when there are new entries of those who are looked for]' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__trust__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-trust-help-command-$line[1]:"
        case $line[1] in
            (update)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(monitor)
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
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--keep=[Keep the folder with everything that was made, here]:FOLDER:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(policy)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_pkg__subcmd__policy_commands" \
"*::: :->policy" \
&& ret=0

    case $state in
    (policy)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-policy-command-$line[1]:"
        case $line[1] in
            (check)
_arguments "${_arguments_options[@]}" : \
'--facts=[Facts to decide over, as JSON (\`pkg schema policy-facts\`)]:FILE:_files' \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':policy -- The policy:_files' \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':policy -- The policy:_files' \
&& ret=0
;;
(evaluate)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__policy__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-policy-help-command-$line[1]:"
        case $line[1] in
            (check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(evaluate)
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
;;
(explain)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::code -- Code of the finding, such as digest-mismatch:_default' \
&& ret=0
;;
(schema)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::name -- Name of the schema:_default' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'*--registry-ca=[Certificates of authorities to trust beside those of the system, in PEM]:FILE:_files' \
'*--plain-http=[Registry that may be spoken to without encryption; loopback always may]:HOST[:PORT]:_default' \
'--registry-auth=[File with credentials, as \`docker login\` and \`podman login\` write it]:FILE:_files' \
'--transfers=[Requests to a registry at the same time; fits the machine unless given]:NUMBER:_default' \
'--json[Print one JSON document instead of text]' \
'-q[Print only what went wrong]' \
'--quiet[Print only what went wrong]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
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
(check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(hook)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help__subcmd__hook_commands" \
"*::: :->hook" \
&& ret=0

    case $state in
    (hook)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-hook-command-$line[1]:"
        case $line[1] in
            (install)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(uninstall)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
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
(export)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(push)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(pull)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(encode)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(decode)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(report)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(release)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(notice)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(diff)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(lineage)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(attest)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help__subcmd__attest_commands" \
"*::: :->attest" \
&& ret=0

    case $state in
    (attest)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-attest-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(bench)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(golden)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help__subcmd__golden_commands" \
"*::: :->golden" \
&& ret=0

    case $state in
    (golden)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-golden-command-$line[1]:"
        case $line[1] in
            (record)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(plugin)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help__subcmd__plugin_commands" \
"*::: :->plugin" \
&& ret=0

    case $state in
    (plugin)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-plugin-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(install)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(trust)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(manifest)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(new)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(__plugin-host)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(sigstore)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help__subcmd__sigstore_commands" \
"*::: :->sigstore" \
&& ret=0

    case $state in
    (sigstore)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-sigstore-command-$line[1]:"
        case $line[1] in
            (sign-bundle)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify-bundle)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(trust)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help__subcmd__trust_commands" \
"*::: :->trust" \
&& ret=0

    case $state in
    (trust)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-trust-command-$line[1]:"
        case $line[1] in
            (update)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(monitor)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(demo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(policy)
_arguments "${_arguments_options[@]}" : \
":: :_pkg__subcmd__help__subcmd__policy_commands" \
"*::: :->policy" \
&& ret=0

    case $state in
    (policy)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pkg-help-policy-command-$line[1]:"
        case $line[1] in
            (check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(evaluate)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
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
'check:Check a model repository\: pkg.toml, licences, LFS pointers, pickles, secrets' \
'hook:Install hooks of git that check commits, release tags and what arrives' \
'keygen:Make a signing key pair' \
'sign:Sign a bundle, or a plain folder' \
'verify:Check a bundle, an archive, an unpacked folder or one with a model signature' \
'show:Say what a bundle is, without checking its content' \
'unpack:Write the files of a bundle into a folder, checking them on the way' \
'export:Verify a bundle and copy it, with the trusted root, into one folder' \
'push:Put a bundle into a registry' \
'pull:Get a release out of a registry\: the terms first, each byte checked on the way' \
'encode:Hold the weights of a bundle in coded form, which takes less room' \
'decode:Restore the bundle that a coded layout was made from' \
'report:Say how open a release is, and what is missing' \
'release:Release a folder or a commit to a registry\: check, pack, sign, attest, push, verify, tag' \
'notice:Write the files that the licences ask to be passed on' \
'diff:Say what differs between two releases\: terms, data, files, tensors' \
'lineage:Say how much of a model is another one'\''s, tensor by tensor' \
'attest:Attest something about a release, or look at what was attested' \
'bench:Run a plugin over a release, print what it measured, and attest the result' \
'golden:Record what a model puts out, for comparison wherever it runs' \
'plugin:List, install and trust plugins, or begin one' \
'__plugin-host:Serve as the process of a plugin' \
'sigstore:Sign and verify single artifacts as other Sigstore clients do' \
'trust:Fetch and look at trusted roots' \
'demo:Run the whole round on a small generated model, with a word on each step' \
'policy:Check a policy file, decide with it over facts, or say what it demands' \
'explain:Explain a finding code, or list them' \
'schema:Print a JSON Schema, or list them' \
'completions:Print a shell completion script' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg commands' commands "$@"
}
(( $+functions[_pkg__subcmd____plugin-host_commands] )) ||
_pkg__subcmd____plugin-host_commands() {
    local commands; commands=()
    _describe -t commands 'pkg __plugin-host commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest_commands] )) ||
_pkg__subcmd__attest_commands() {
    local commands; commands=(
'list:List attestations\: what they are about, who made them, how far that was checked' \
'show:Show what attestations say' \
'verify:Verify that attestations are there, by somebody who is accepted' \
'export:Write attestations to a file or folder' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg attest commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__export_commands] )) ||
_pkg__subcmd__attest__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest export commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__help_commands] )) ||
_pkg__subcmd__attest__subcmd__help_commands() {
    local commands; commands=(
'list:List attestations\: what they are about, who made them, how far that was checked' \
'show:Show what attestations say' \
'verify:Verify that attestations are there, by somebody who is accepted' \
'export:Write attestations to a file or folder' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg attest help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__help__subcmd__export_commands] )) ||
_pkg__subcmd__attest__subcmd__help__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest help export commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__attest__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__help__subcmd__list_commands] )) ||
_pkg__subcmd__attest__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest help list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__help__subcmd__show_commands] )) ||
_pkg__subcmd__attest__subcmd__help__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest help show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__help__subcmd__verify_commands] )) ||
_pkg__subcmd__attest__subcmd__help__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest help verify commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__list_commands] )) ||
_pkg__subcmd__attest__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__show_commands] )) ||
_pkg__subcmd__attest__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__attest__subcmd__verify_commands] )) ||
_pkg__subcmd__attest__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'pkg attest verify commands' commands "$@"
}
(( $+functions[_pkg__subcmd__bench_commands] )) ||
_pkg__subcmd__bench_commands() {
    local commands; commands=()
    _describe -t commands 'pkg bench commands' commands "$@"
}
(( $+functions[_pkg__subcmd__check_commands] )) ||
_pkg__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'pkg check commands' commands "$@"
}
(( $+functions[_pkg__subcmd__completions_commands] )) ||
_pkg__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'pkg completions commands' commands "$@"
}
(( $+functions[_pkg__subcmd__decode_commands] )) ||
_pkg__subcmd__decode_commands() {
    local commands; commands=()
    _describe -t commands 'pkg decode commands' commands "$@"
}
(( $+functions[_pkg__subcmd__demo_commands] )) ||
_pkg__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'pkg demo commands' commands "$@"
}
(( $+functions[_pkg__subcmd__diff_commands] )) ||
_pkg__subcmd__diff_commands() {
    local commands; commands=()
    _describe -t commands 'pkg diff commands' commands "$@"
}
(( $+functions[_pkg__subcmd__encode_commands] )) ||
_pkg__subcmd__encode_commands() {
    local commands; commands=()
    _describe -t commands 'pkg encode commands' commands "$@"
}
(( $+functions[_pkg__subcmd__explain_commands] )) ||
_pkg__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'pkg explain commands' commands "$@"
}
(( $+functions[_pkg__subcmd__export_commands] )) ||
_pkg__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'pkg export commands' commands "$@"
}
(( $+functions[_pkg__subcmd__golden_commands] )) ||
_pkg__subcmd__golden_commands() {
    local commands; commands=(
'record:Run a model on the processor and record what it puts out, to be packed with it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg golden commands' commands "$@"
}
(( $+functions[_pkg__subcmd__golden__subcmd__help_commands] )) ||
_pkg__subcmd__golden__subcmd__help_commands() {
    local commands; commands=(
'record:Run a model on the processor and record what it puts out, to be packed with it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg golden help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__golden__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__golden__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg golden help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__golden__subcmd__help__subcmd__record_commands] )) ||
_pkg__subcmd__golden__subcmd__help__subcmd__record_commands() {
    local commands; commands=()
    _describe -t commands 'pkg golden help record commands' commands "$@"
}
(( $+functions[_pkg__subcmd__golden__subcmd__record_commands] )) ||
_pkg__subcmd__golden__subcmd__record_commands() {
    local commands; commands=()
    _describe -t commands 'pkg golden record commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help_commands] )) ||
_pkg__subcmd__help_commands() {
    local commands; commands=(
'init:Look at a model folder and write its pkg.toml' \
'pack:Make a bundle from a folder with a pkg.toml' \
'check:Check a model repository\: pkg.toml, licences, LFS pointers, pickles, secrets' \
'hook:Install hooks of git that check commits, release tags and what arrives' \
'keygen:Make a signing key pair' \
'sign:Sign a bundle, or a plain folder' \
'verify:Check a bundle, an archive, an unpacked folder or one with a model signature' \
'show:Say what a bundle is, without checking its content' \
'unpack:Write the files of a bundle into a folder, checking them on the way' \
'export:Verify a bundle and copy it, with the trusted root, into one folder' \
'push:Put a bundle into a registry' \
'pull:Get a release out of a registry\: the terms first, each byte checked on the way' \
'encode:Hold the weights of a bundle in coded form, which takes less room' \
'decode:Restore the bundle that a coded layout was made from' \
'report:Say how open a release is, and what is missing' \
'release:Release a folder or a commit to a registry\: check, pack, sign, attest, push, verify, tag' \
'notice:Write the files that the licences ask to be passed on' \
'diff:Say what differs between two releases\: terms, data, files, tensors' \
'lineage:Say how much of a model is another one'\''s, tensor by tensor' \
'attest:Attest something about a release, or look at what was attested' \
'bench:Run a plugin over a release, print what it measured, and attest the result' \
'golden:Record what a model puts out, for comparison wherever it runs' \
'plugin:List, install and trust plugins, or begin one' \
'__plugin-host:Serve as the process of a plugin' \
'sigstore:Sign and verify single artifacts as other Sigstore clients do' \
'trust:Fetch and look at trusted roots' \
'demo:Run the whole round on a small generated model, with a word on each step' \
'policy:Check a policy file, decide with it over facts, or say what it demands' \
'explain:Explain a finding code, or list them' \
'schema:Print a JSON Schema, or list them' \
'completions:Print a shell completion script' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd____plugin-host_commands] )) ||
_pkg__subcmd__help__subcmd____plugin-host_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help __plugin-host commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__attest_commands] )) ||
_pkg__subcmd__help__subcmd__attest_commands() {
    local commands; commands=(
'list:List attestations\: what they are about, who made them, how far that was checked' \
'show:Show what attestations say' \
'verify:Verify that attestations are there, by somebody who is accepted' \
'export:Write attestations to a file or folder' \
    )
    _describe -t commands 'pkg help attest commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__attest__subcmd__export_commands] )) ||
_pkg__subcmd__help__subcmd__attest__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help attest export commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__attest__subcmd__list_commands] )) ||
_pkg__subcmd__help__subcmd__attest__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help attest list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__attest__subcmd__show_commands] )) ||
_pkg__subcmd__help__subcmd__attest__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help attest show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__attest__subcmd__verify_commands] )) ||
_pkg__subcmd__help__subcmd__attest__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help attest verify commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__bench_commands] )) ||
_pkg__subcmd__help__subcmd__bench_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help bench commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__check_commands] )) ||
_pkg__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help check commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__completions_commands] )) ||
_pkg__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help completions commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__decode_commands] )) ||
_pkg__subcmd__help__subcmd__decode_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help decode commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__demo_commands] )) ||
_pkg__subcmd__help__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help demo commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__diff_commands] )) ||
_pkg__subcmd__help__subcmd__diff_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help diff commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__encode_commands] )) ||
_pkg__subcmd__help__subcmd__encode_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help encode commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__explain_commands] )) ||
_pkg__subcmd__help__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help explain commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__export_commands] )) ||
_pkg__subcmd__help__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help export commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__golden_commands] )) ||
_pkg__subcmd__help__subcmd__golden_commands() {
    local commands; commands=(
'record:Run a model on the processor and record what it puts out, to be packed with it' \
    )
    _describe -t commands 'pkg help golden commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__golden__subcmd__record_commands] )) ||
_pkg__subcmd__help__subcmd__golden__subcmd__record_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help golden record commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__hook_commands] )) ||
_pkg__subcmd__help__subcmd__hook_commands() {
    local commands; commands=(
'install:Install the hooks of pkg into a git repository; those that are there are kept and run first' \
'uninstall:Take the hooks of pkg away, and put those that were there before back' \
'list:Say which hooks there are' \
'run:Do what a hook does, as git calls it' \
    )
    _describe -t commands 'pkg help hook commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__hook__subcmd__install_commands] )) ||
_pkg__subcmd__help__subcmd__hook__subcmd__install_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help hook install commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__hook__subcmd__list_commands] )) ||
_pkg__subcmd__help__subcmd__hook__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help hook list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__hook__subcmd__run_commands] )) ||
_pkg__subcmd__help__subcmd__hook__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help hook run commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__hook__subcmd__uninstall_commands] )) ||
_pkg__subcmd__help__subcmd__hook__subcmd__uninstall_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help hook uninstall commands' commands "$@"
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
(( $+functions[_pkg__subcmd__help__subcmd__lineage_commands] )) ||
_pkg__subcmd__help__subcmd__lineage_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help lineage commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__notice_commands] )) ||
_pkg__subcmd__help__subcmd__notice_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help notice commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__pack_commands] )) ||
_pkg__subcmd__help__subcmd__pack_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help pack commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin_commands] )) ||
_pkg__subcmd__help__subcmd__plugin_commands() {
    local commands; commands=(
'list:List the plugins there are, and which of them may run' \
'info:Say what a plugin is and which settings it knows' \
'install:Install a plugin for this user, and let it run' \
'remove:Remove a plugin of this user' \
'trust:Say which plugins may run, or take that back' \
'manifest:Write the manifest of a library, to be signed and shipped beside it' \
'new:Begin a plugin\: a folder that compiles' \
    )
    _describe -t commands 'pkg help plugin commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin__subcmd__info_commands] )) ||
_pkg__subcmd__help__subcmd__plugin__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help plugin info commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin__subcmd__install_commands] )) ||
_pkg__subcmd__help__subcmd__plugin__subcmd__install_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help plugin install commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin__subcmd__list_commands] )) ||
_pkg__subcmd__help__subcmd__plugin__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help plugin list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin__subcmd__manifest_commands] )) ||
_pkg__subcmd__help__subcmd__plugin__subcmd__manifest_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help plugin manifest commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin__subcmd__new_commands] )) ||
_pkg__subcmd__help__subcmd__plugin__subcmd__new_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help plugin new commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin__subcmd__remove_commands] )) ||
_pkg__subcmd__help__subcmd__plugin__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help plugin remove commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__plugin__subcmd__trust_commands] )) ||
_pkg__subcmd__help__subcmd__plugin__subcmd__trust_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help plugin trust commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__policy_commands] )) ||
_pkg__subcmd__help__subcmd__policy_commands() {
    local commands; commands=(
'check:Check a policy and everything it names; with facts, decide over them' \
'explain:Say in words what a policy demands' \
'evaluate:Evaluate a rule in Rego; how pkg calls itself' \
    )
    _describe -t commands 'pkg help policy commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__policy__subcmd__check_commands] )) ||
_pkg__subcmd__help__subcmd__policy__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help policy check commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__policy__subcmd__evaluate_commands] )) ||
_pkg__subcmd__help__subcmd__policy__subcmd__evaluate_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help policy evaluate commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__policy__subcmd__explain_commands] )) ||
_pkg__subcmd__help__subcmd__policy__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help policy explain commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__pull_commands] )) ||
_pkg__subcmd__help__subcmd__pull_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help pull commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__push_commands] )) ||
_pkg__subcmd__help__subcmd__push_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help push commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__release_commands] )) ||
_pkg__subcmd__help__subcmd__release_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help release commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__report_commands] )) ||
_pkg__subcmd__help__subcmd__report_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help report commands' commands "$@"
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
(( $+functions[_pkg__subcmd__help__subcmd__sigstore_commands] )) ||
_pkg__subcmd__help__subcmd__sigstore_commands() {
    local commands; commands=(
'sign-bundle:Sign a file by identity into a Sigstore bundle' \
'verify-bundle:Verify a Sigstore bundle over a file or digest' \
    )
    _describe -t commands 'pkg help sigstore commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__sigstore__subcmd__sign-bundle_commands] )) ||
_pkg__subcmd__help__subcmd__sigstore__subcmd__sign-bundle_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help sigstore sign-bundle commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__sigstore__subcmd__verify-bundle_commands] )) ||
_pkg__subcmd__help__subcmd__sigstore__subcmd__verify-bundle_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help sigstore verify-bundle commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__trust_commands] )) ||
_pkg__subcmd__help__subcmd__trust_commands() {
    local commands; commands=(
'update:Fetch the newest trusted root of an instance into the cache, by TUF' \
'show:Say which trusted root would be used, and whom it trusts' \
'monitor:List new entries of an identity in a transparency log, and check that the log kept what it had' \
    )
    _describe -t commands 'pkg help trust commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__trust__subcmd__monitor_commands] )) ||
_pkg__subcmd__help__subcmd__trust__subcmd__monitor_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help trust monitor commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__trust__subcmd__show_commands] )) ||
_pkg__subcmd__help__subcmd__trust__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help trust show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__help__subcmd__trust__subcmd__update_commands] )) ||
_pkg__subcmd__help__subcmd__trust__subcmd__update_commands() {
    local commands; commands=()
    _describe -t commands 'pkg help trust update commands' commands "$@"
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
(( $+functions[_pkg__subcmd__hook_commands] )) ||
_pkg__subcmd__hook_commands() {
    local commands; commands=(
'install:Install the hooks of pkg into a git repository; those that are there are kept and run first' \
'uninstall:Take the hooks of pkg away, and put those that were there before back' \
'list:Say which hooks there are' \
'run:Do what a hook does, as git calls it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg hook commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__help_commands] )) ||
_pkg__subcmd__hook__subcmd__help_commands() {
    local commands; commands=(
'install:Install the hooks of pkg into a git repository; those that are there are kept and run first' \
'uninstall:Take the hooks of pkg away, and put those that were there before back' \
'list:Say which hooks there are' \
'run:Do what a hook does, as git calls it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg hook help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__hook__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__help__subcmd__install_commands] )) ||
_pkg__subcmd__hook__subcmd__help__subcmd__install_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook help install commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__help__subcmd__list_commands] )) ||
_pkg__subcmd__hook__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook help list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__help__subcmd__run_commands] )) ||
_pkg__subcmd__hook__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook help run commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__help__subcmd__uninstall_commands] )) ||
_pkg__subcmd__hook__subcmd__help__subcmd__uninstall_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook help uninstall commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__install_commands] )) ||
_pkg__subcmd__hook__subcmd__install_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook install commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__list_commands] )) ||
_pkg__subcmd__hook__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__run_commands] )) ||
_pkg__subcmd__hook__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook run commands' commands "$@"
}
(( $+functions[_pkg__subcmd__hook__subcmd__uninstall_commands] )) ||
_pkg__subcmd__hook__subcmd__uninstall_commands() {
    local commands; commands=()
    _describe -t commands 'pkg hook uninstall commands' commands "$@"
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
(( $+functions[_pkg__subcmd__lineage_commands] )) ||
_pkg__subcmd__lineage_commands() {
    local commands; commands=()
    _describe -t commands 'pkg lineage commands' commands "$@"
}
(( $+functions[_pkg__subcmd__notice_commands] )) ||
_pkg__subcmd__notice_commands() {
    local commands; commands=()
    _describe -t commands 'pkg notice commands' commands "$@"
}
(( $+functions[_pkg__subcmd__pack_commands] )) ||
_pkg__subcmd__pack_commands() {
    local commands; commands=()
    _describe -t commands 'pkg pack commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin_commands] )) ||
_pkg__subcmd__plugin_commands() {
    local commands; commands=(
'list:List the plugins there are, and which of them may run' \
'info:Say what a plugin is and which settings it knows' \
'install:Install a plugin for this user, and let it run' \
'remove:Remove a plugin of this user' \
'trust:Say which plugins may run, or take that back' \
'manifest:Write the manifest of a library, to be signed and shipped beside it' \
'new:Begin a plugin\: a folder that compiles' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg plugin commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help_commands] )) ||
_pkg__subcmd__plugin__subcmd__help_commands() {
    local commands; commands=(
'list:List the plugins there are, and which of them may run' \
'info:Say what a plugin is and which settings it knows' \
'install:Install a plugin for this user, and let it run' \
'remove:Remove a plugin of this user' \
'trust:Say which plugins may run, or take that back' \
'manifest:Write the manifest of a library, to be signed and shipped beside it' \
'new:Begin a plugin\: a folder that compiles' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg plugin help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__info_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help info commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__install_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__install_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help install commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__list_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__manifest_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__manifest_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help manifest commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__new_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__new_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help new commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__remove_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help remove commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__help__subcmd__trust_commands] )) ||
_pkg__subcmd__plugin__subcmd__help__subcmd__trust_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin help trust commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__info_commands] )) ||
_pkg__subcmd__plugin__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin info commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__install_commands] )) ||
_pkg__subcmd__plugin__subcmd__install_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin install commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__list_commands] )) ||
_pkg__subcmd__plugin__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin list commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__manifest_commands] )) ||
_pkg__subcmd__plugin__subcmd__manifest_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin manifest commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__new_commands] )) ||
_pkg__subcmd__plugin__subcmd__new_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin new commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__remove_commands] )) ||
_pkg__subcmd__plugin__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin remove commands' commands "$@"
}
(( $+functions[_pkg__subcmd__plugin__subcmd__trust_commands] )) ||
_pkg__subcmd__plugin__subcmd__trust_commands() {
    local commands; commands=()
    _describe -t commands 'pkg plugin trust commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy_commands] )) ||
_pkg__subcmd__policy_commands() {
    local commands; commands=(
'check:Check a policy and everything it names; with facts, decide over them' \
'explain:Say in words what a policy demands' \
'evaluate:Evaluate a rule in Rego; how pkg calls itself' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg policy commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__check_commands] )) ||
_pkg__subcmd__policy__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'pkg policy check commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__evaluate_commands] )) ||
_pkg__subcmd__policy__subcmd__evaluate_commands() {
    local commands; commands=()
    _describe -t commands 'pkg policy evaluate commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__explain_commands] )) ||
_pkg__subcmd__policy__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'pkg policy explain commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__help_commands] )) ||
_pkg__subcmd__policy__subcmd__help_commands() {
    local commands; commands=(
'check:Check a policy and everything it names; with facts, decide over them' \
'explain:Say in words what a policy demands' \
'evaluate:Evaluate a rule in Rego; how pkg calls itself' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg policy help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__help__subcmd__check_commands] )) ||
_pkg__subcmd__policy__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'pkg policy help check commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__help__subcmd__evaluate_commands] )) ||
_pkg__subcmd__policy__subcmd__help__subcmd__evaluate_commands() {
    local commands; commands=()
    _describe -t commands 'pkg policy help evaluate commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__help__subcmd__explain_commands] )) ||
_pkg__subcmd__policy__subcmd__help__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'pkg policy help explain commands' commands "$@"
}
(( $+functions[_pkg__subcmd__policy__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__policy__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg policy help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__pull_commands] )) ||
_pkg__subcmd__pull_commands() {
    local commands; commands=()
    _describe -t commands 'pkg pull commands' commands "$@"
}
(( $+functions[_pkg__subcmd__push_commands] )) ||
_pkg__subcmd__push_commands() {
    local commands; commands=()
    _describe -t commands 'pkg push commands' commands "$@"
}
(( $+functions[_pkg__subcmd__release_commands] )) ||
_pkg__subcmd__release_commands() {
    local commands; commands=()
    _describe -t commands 'pkg release commands' commands "$@"
}
(( $+functions[_pkg__subcmd__report_commands] )) ||
_pkg__subcmd__report_commands() {
    local commands; commands=()
    _describe -t commands 'pkg report commands' commands "$@"
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
(( $+functions[_pkg__subcmd__sigstore_commands] )) ||
_pkg__subcmd__sigstore_commands() {
    local commands; commands=(
'sign-bundle:Sign a file by identity into a Sigstore bundle' \
'verify-bundle:Verify a Sigstore bundle over a file or digest' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg sigstore commands' commands "$@"
}
(( $+functions[_pkg__subcmd__sigstore__subcmd__help_commands] )) ||
_pkg__subcmd__sigstore__subcmd__help_commands() {
    local commands; commands=(
'sign-bundle:Sign a file by identity into a Sigstore bundle' \
'verify-bundle:Verify a Sigstore bundle over a file or digest' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg sigstore help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__sigstore__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__sigstore__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg sigstore help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__sigstore__subcmd__help__subcmd__sign-bundle_commands] )) ||
_pkg__subcmd__sigstore__subcmd__help__subcmd__sign-bundle_commands() {
    local commands; commands=()
    _describe -t commands 'pkg sigstore help sign-bundle commands' commands "$@"
}
(( $+functions[_pkg__subcmd__sigstore__subcmd__help__subcmd__verify-bundle_commands] )) ||
_pkg__subcmd__sigstore__subcmd__help__subcmd__verify-bundle_commands() {
    local commands; commands=()
    _describe -t commands 'pkg sigstore help verify-bundle commands' commands "$@"
}
(( $+functions[_pkg__subcmd__sigstore__subcmd__sign-bundle_commands] )) ||
_pkg__subcmd__sigstore__subcmd__sign-bundle_commands() {
    local commands; commands=()
    _describe -t commands 'pkg sigstore sign-bundle commands' commands "$@"
}
(( $+functions[_pkg__subcmd__sigstore__subcmd__verify-bundle_commands] )) ||
_pkg__subcmd__sigstore__subcmd__verify-bundle_commands() {
    local commands; commands=()
    _describe -t commands 'pkg sigstore verify-bundle commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust_commands] )) ||
_pkg__subcmd__trust_commands() {
    local commands; commands=(
'update:Fetch the newest trusted root of an instance into the cache, by TUF' \
'show:Say which trusted root would be used, and whom it trusts' \
'monitor:List new entries of an identity in a transparency log, and check that the log kept what it had' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg trust commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__help_commands] )) ||
_pkg__subcmd__trust__subcmd__help_commands() {
    local commands; commands=(
'update:Fetch the newest trusted root of an instance into the cache, by TUF' \
'show:Say which trusted root would be used, and whom it trusts' \
'monitor:List new entries of an identity in a transparency log, and check that the log kept what it had' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pkg trust help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__help__subcmd__help_commands] )) ||
_pkg__subcmd__trust__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pkg trust help help commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__help__subcmd__monitor_commands] )) ||
_pkg__subcmd__trust__subcmd__help__subcmd__monitor_commands() {
    local commands; commands=()
    _describe -t commands 'pkg trust help monitor commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__help__subcmd__show_commands] )) ||
_pkg__subcmd__trust__subcmd__help__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg trust help show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__help__subcmd__update_commands] )) ||
_pkg__subcmd__trust__subcmd__help__subcmd__update_commands() {
    local commands; commands=()
    _describe -t commands 'pkg trust help update commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__monitor_commands] )) ||
_pkg__subcmd__trust__subcmd__monitor_commands() {
    local commands; commands=()
    _describe -t commands 'pkg trust monitor commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__show_commands] )) ||
_pkg__subcmd__trust__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pkg trust show commands' commands "$@"
}
(( $+functions[_pkg__subcmd__trust__subcmd__update_commands] )) ||
_pkg__subcmd__trust__subcmd__update_commands() {
    local commands; commands=()
    _describe -t commands 'pkg trust update commands' commands "$@"
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
