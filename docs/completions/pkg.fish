# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pkg_global_optspecs
    string join \n json q/quiet registry-ca= plain-http= registry-auth= transfers= h/help V/version
end

function __fish_pkg_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pkg_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pkg_using_subcommand
    set -l cmd (__fish_pkg_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pkg -n "__fish_pkg_needs_command" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_needs_command" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_needs_command" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_needs_command" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_needs_command" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_needs_command" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_needs_command" -s V -l version -d 'Print version'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "init" -d 'Look at a model folder and write its pkg.toml'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "pack" -d 'Make a bundle from a folder with a pkg.toml'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "check" -d 'Check a model repository: pkg.toml, licences, LFS pointers, pickles, secrets'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "hook" -d 'Install hooks of git that check commits, release tags and what arrives'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "keygen" -d 'Make a signing key pair'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "sign" -d 'Sign a bundle, or a plain folder'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "verify" -d 'Check a bundle, an archive, an unpacked folder or one with a model signature'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "show" -d 'Say what a bundle is, without checking its content'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "unpack" -d 'Write the files of a bundle into a folder, checking them on the way'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "export" -d 'Verify a bundle and copy it, with the trusted root, into one folder'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "push" -d 'Put a bundle into a registry'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "pull" -d 'Get a release out of a registry: the terms first, each byte checked on the way'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "encode" -d 'Hold the weights of a bundle in coded form, which takes less room'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "decode" -d 'Restore the bundle that a coded layout was made from'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "report" -d 'Say how open a release is, and what is missing'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "release" -d 'Release a folder or a commit to a registry: check, pack, sign, attest, push, verify, tag'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "notice" -d 'Write the files that the licences ask to be passed on'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "diff" -d 'Say what differs between two releases: terms, data, files, tensors'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "lineage" -d 'Say how much of a model is another one\'s, tensor by tensor'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "attest" -d 'Attest something about a release, or look at what was attested'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "bench" -d 'Run a plugin over a release, print what it measured, and attest the result'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "golden" -d 'Record what a model puts out, for comparison wherever it runs'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "plugin" -d 'List, install and trust plugins, or begin one'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "__plugin-host" -d 'Serve as the process of a plugin'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "sigstore" -d 'Sign and verify single artifacts as other Sigstore clients do'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "trust" -d 'Fetch and look at trusted roots'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "demo" -d 'Run the whole round on a small generated model, with a word on each step'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "policy" -d 'Check a policy file, decide with it over facts, or say what it demands'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "explain" -d 'Explain a finding code, or list them'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "schema" -d 'Print a JSON Schema, or list them'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand init" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand init" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand init" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand init" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand init" -s y -l yes -d 'Ask nothing; write what was found'
complete -c pkg -n "__fish_pkg_using_subcommand init" -l dry-run -d 'Print what would be written, write nothing'
complete -c pkg -n "__fish_pkg_using_subcommand init" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand init" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -s o -l output -d 'Bundle to write; a name that ends in .tar makes one archive' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l store -d 'How files get into the bundle' -r -f -a "auto\t'Reflink where the file system can, otherwise copy'
reflink\t'Reflink or fail'
hardlink\t'Hard link or fail; later edits in place of either file change both'
copy\t'Always copy'"
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l shards -d 'Whether large files get one digest per shard' -r -f -a "auto\t'Shards when one file is large enough to keep a core busy alone'
always\t'Always shards'
never\t'Never shards'"
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l shard -d 'Store weights and configuration files larger than this as several layers, cut along their tensors' -r
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l git-signers -d 'Who may sign tags and commits that code comes from (ssh-keygen(1), ALLOWED SIGNERS)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l no-cache -d 'Read every file again, also those known from an earlier pack'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l force -d 'Replace the output even if it is no bundle'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l allow-dirty -d 'Pack code although the work tree has uncommitted changes; the release says so'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l allow-unpushed -d 'Pack code from a commit that no remote branch has; the release says so'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand check" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand check" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand check" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand check" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand check" -l staged -d 'Check only what is staged for the next commit, as it is staged'
complete -c pkg -n "__fish_pkg_using_subcommand check" -l strict -d 'Count warnings as errors'
complete -c pkg -n "__fish_pkg_using_subcommand check" -l sarif -d 'Print the findings as SARIF, for code scanning'
complete -c pkg -n "__fish_pkg_using_subcommand check" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand check" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -f -a "install" -d 'Install the hooks of pkg into a git repository; those that are there are kept and run first'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -f -a "uninstall" -d 'Take the hooks of pkg away, and put those that were there before back'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -f -a "list" -d 'Say which hooks there are'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -f -a "run" -d 'Do what a hook does, as git calls it'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall list run help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -s C -d 'Folder of the repository' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s C -d 'Folder of the repository' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -s C -d 'Folder of the repository' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from run" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from run" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from run" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from run" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from run" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "install" -d 'Install the hooks of pkg into a git repository; those that are there are kept and run first'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Take the hooks of pkg away, and put those that were there before back'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "list" -d 'Say which hooks there are'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "run" -d 'Do what a hook does, as git calls it'
complete -c pkg -n "__fish_pkg_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -s o -l output -d 'Prefix of the two files: PREFIX.key and PREFIX.pub' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l algorithm -d 'Kind of key' -r -f -a "ecdsa-p256\t'ECDSA on P-256 with SHA-256; tools of the OpenSSF model signing format accept it'
ed25519\t'Ed25519'"
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l no-passphrase -d 'Store the private key unencrypted, ask for no passphrase'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l force -d 'Replace existing files'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l key -d 'Private key: a PEM file, or a `pkcs11:` URI (RFC 7512)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l signer-command -d 'Command that signs, for keys in key services; see docs/signers.md' -r
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l certificate -d 'Certificate of the key, PEM, with the intermediates above it; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l identity-token -d 'OIDC token that says who you are (also `PKG_IDENTITY_TOKEN`)' -r
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l signing-config -d 'Signing config of the instance (`signing_config.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l trust-config -d 'Client trust config of the instance: signing config and trusted root in one' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l trusted-root -d 'Trusted root of the instance, to check new signatures with (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l model-signature -d 'What the OpenSSF model signature lists' -r -f -a "files\t'One for each file; every tool of the format accepts it'
shards\t'One for each shard; some tools need to be told so'
none\t'No model signature'"
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l signature -d 'The model signature [default: model.sig in the folder]; with it, the target may be one file' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l ignore-paths -d 'Path to leave out, with everything below it, from the current folder; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l allow-symlinks -d 'Follow symbolic links to files, those that stay in the folder unless said otherwise' -r -f -a "inside\t'Links to files in the folder'
anywhere\t'Links to files anywhere'"
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l hash -d 'Hash of the content' -r -f -a "sha256\t'SHA-256; the command line of every tool of the format accepts it'
blake2b\t'`BLAKE2b`, 64 bytes'
blake3\t'BLAKE3'"
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l keyless -d 'Sign by identity: the pipeline\'s own where there is one, otherwise yours, by browser'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l log -d 'Put the signature of the key into the transparency log of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l timestamp -d 'Have the signature of the key timestamped by the authority of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l oob -d 'Show an address and ask for a code, instead of opening a browser'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l staging -d 'Use the staging instance of Sigstore, for tests'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l add -d 'Add to the signatures of others; what `sign` does anyway'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l no-ignore-git-paths -d 'Count .git, .gitattributes, .github and .gitignore like other files'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l trust-cache -d 'Do not read files again that did not change since they were signed last'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l force -d 'Write the signature over whatever is there'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l digest -d 'Digest that the release must have' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l only -d 'Check only these components: weights, config, code, docs, data, or a kind' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l policy -d 'Policy that the release must meet; see `pkg policy`' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l against -d 'Repository whose commits the code of the release must be, file by file' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l git-signers -d 'Who must have signed the tag or the commit there (ssh-keygen(1), ALLOWED SIGNERS)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l adopter -d 'Who asks: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l plugin -d 'Plugin that looks at the release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l require -d 'What must hold: plugin:ID (it must not skip), or test-result:ID[@WHO], where WHO is key:FILE or an identity, with `,issuer=URL` behind it; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l device -d 'Where to run what can run on a GPU' -r -f -a "gpu\t'A GPU; without one the plugin skips'
cpu\t'The processor'"
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l threads -d 'Threads to use; 0: as many as there are processors' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l set -d 'Setting of the plugin; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l signature -d 'The model signature [default: model.sig in the folder]; with it, the target may be one file' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l ignore-paths -d 'Path to leave out, with everything below it, from the current folder; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l allow-symlinks -d 'Follow symbolic links to files, those that stay in the folder unless said otherwise' -r -f -a "inside\t'Links to files in the folder'
anywhere\t'Links to files anywhere'"
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l whole-files -d 'Check whole-file digests as well where shard digests were recorded'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l no-ignore-git-paths -d 'Count .git, .gitattributes, .github and .gitignore like other files'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l ignore-unsigned-files -d 'Leave files alone that the signature does not list'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand show" -l adopter -d 'Who asks: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand show" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand show" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand show" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand show" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand show" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand show" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand show" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand show" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand show" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l only -d 'Unpack only these components: weights, config, code, docs, data, or a kind' -r
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l store -d 'How files get out of the bundle' -r -f -a "auto\t'Reflink where the file system can, otherwise copy'
reflink\t'Reflink or fail'
hardlink\t'Hard link or fail; later edits in place of either file change both'
copy\t'Always copy'"
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l force -d 'Put the files into an existing folder, over files of the same name'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand export" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand export" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand export" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand export" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l digest -d 'Digest that the release must have' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand export" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand export" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand export" -l with-root -d 'Put the trusted root into the folder as well'
complete -c pkg -n "__fish_pkg_using_subcommand export" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand export" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand export" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand export" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand push" -l mount-from -d 'Repository of the same registry that may hold blobs of it already' -r
complete -c pkg -n "__fish_pkg_using_subcommand push" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand push" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand push" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand push" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand push" -l new-tag -d 'Refuse if the tag names another release'
complete -c pkg -n "__fish_pkg_using_subcommand push" -l no-tag -d 'Push by digest only, and leave tags alone'
complete -c pkg -n "__fish_pkg_using_subcommand push" -l coded -d 'Send weights in coded form as well, where that makes them smaller'
complete -c pkg -n "__fish_pkg_using_subcommand push" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand push" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -s o -l output -d 'Folder to make; named after the repository unless given' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l only -d 'Pull only these components: weights, config, code, docs, data, or a kind' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l reuse -d 'Bundle on this machine that may hold some of its blobs, such as an older version' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l digest -d 'Digest that the release must have' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l policy -d 'Policy that the release must meet, asked before its content is fetched' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l adopter -d 'Who asks: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l plugin -d 'Plugin that looks at the release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l require -d 'What must hold: plugin:ID (it must not skip), or test-result:ID[@WHO], where WHO is key:FILE or an identity, with `,issuer=URL` behind it; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l device -d 'Where to run what can run on a GPU' -r -f -a "gpu\t'A GPU; without one the plugin skips'
cpu\t'The processor'"
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l threads -d 'Threads to use; 0: as many as there are processors' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l set -d 'Setting of the plugin; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l force -d 'Replace what is at the output'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l no-coded -d 'Fetch no weights in coded form'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand encode" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand encode" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand encode" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand encode" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand encode" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand encode" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand encode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand decode" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand decode" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand decode" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand decode" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand decode" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand decode" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand decode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand report" -l format -d 'Form of the report' -r -f -a "text\t'For a terminal, on one screen'
html\t'A page that needs no network and no script'
markdown\t'For model cards'
badge\t'A badge (SVG)'
sarif\t'For code scanning (SARIF 2.1.0)'
cyclonedx\t'Bill of materials (`CycloneDX` 1.7)'
spdx\t'Bill of materials (SPDX 3.0.1)'
svr\t'Predicate of a verification summary (in-toto SVR v0.2)'
mof\t'Description for the Model Openness Tool'"
complete -c pkg -n "__fish_pkg_using_subcommand report" -s o -l output -d 'File to write instead of printing' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand report" -l adopter -d 'Who asks: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand report" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand report" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand report" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand report" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand report" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand report" -l mot-compat -d 'Answer about the framework exactly as the Model Openness Tool does'
complete -c pkg -n "__fish_pkg_using_subcommand report" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand report" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand report" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand report" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l to -d 'Where the release goes, with the tag that it gets at the end' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l from-git -d 'Release the files of this revision, Git LFS objects included, instead of the folder\'s' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -s o -l output -d 'Bundle to make [default: one in the cache]' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l model-signature -d 'The model signature beside the release statement' -r -f -a "files\t'One for each file; every tool of the format accepts it'
shards\t'One for each shard; some tools need to be told so'
none\t'No model signature'"
complete -c pkg -n "__fish_pkg_using_subcommand release" -l shard -d 'Store weights and configuration files larger than this as several layers' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l identity -d 'Who must be found to have signed [default: whoever signs now]' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l issuer -d 'OIDC issuer that must have vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l policy -d 'Policy that the release must meet in the registry; see `pkg policy`' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l report -d 'Report to write, in Markdown' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l sarif -d 'Findings to write, in SARIF' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l badge -d 'Badge to write, in SVG' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l log-file -d 'Log to add to, one JSON document a line [default: one in the cache]' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l git-signers -d 'Who may sign tags and commits that code comes from (ssh-keygen(1), ALLOWED SIGNERS)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l adopter -d 'Who asks: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l plugin -d 'Plugin that looks at the release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l require -d 'What must hold: plugin:ID (it must not skip), or test-result:ID[@WHO], where WHO is key:FILE or an identity, with `,issuer=URL` behind it; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l device -d 'Where to run what can run on a GPU' -r -f -a "gpu\t'A GPU; without one the plugin skips'
cpu\t'The processor'"
complete -c pkg -n "__fish_pkg_using_subcommand release" -l threads -d 'Threads to use; 0: as many as there are processors' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l set -d 'Setting of the plugin; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l key -d 'Private key: a PEM file, or a `pkcs11:` URI (RFC 7512)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l signer-command -d 'Command that signs, for keys in key services; see docs/signers.md' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l certificate -d 'Certificate of the key, PEM, with the intermediates above it; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l identity-token -d 'OIDC token that says who you are (also `PKG_IDENTITY_TOKEN`)' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l signing-config -d 'Signing config of the instance (`signing_config.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l trust-config -d 'Client trust config of the instance: signing config and trusted root in one' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l trusted-root -d 'Trusted root of the instance, to check new signatures with (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand release" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand release" -l dry-run -d 'Show the plan and do nothing'
complete -c pkg -n "__fish_pkg_using_subcommand release" -s y -l yes -d 'Do not ask whether the plan is right'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l move-tag -d 'Let the tag name this release even if it names another one'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l attest-provenance -d 'Attest SLSA provenance of this pipeline, from its environment'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l allow-dirty -d 'Pack code although the work tree has uncommitted changes; the release says so'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l allow-unpushed -d 'Pack code from a commit that no remote branch has; the release says so'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l keyless -d 'Sign by identity: the pipeline\'s own where there is one, otherwise yours, by browser'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l log -d 'Put the signature of the key into the transparency log of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l timestamp -d 'Have the signature of the key timestamped by the authority of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l oob -d 'Show an address and ask for a code, instead of opening a browser'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l staging -d 'Use the staging instance of Sigstore, for tests'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand release" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand release" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand notice" -s o -l output -d 'Folder to make' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l adopter -d 'Who asks: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l force -d 'Replace the folder'
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand notice" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand notice" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand notice" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand diff" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand diff" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand lineage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l type -d 'Predicate type: a URI, or slsa-provenance, test-result, svr, spdx, cyclonedx' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l predicate -d 'The predicate, a JSON file' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l evidence -d 'File that goes along as evidence, named in the predicate; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l subject -d 'Another subject besides the release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l import -d 'Attach what was signed elsewhere: Sigstore bundles or DSSE envelopes, one or one a line' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l signed-by -d 'Public key that signed imported DSSE envelopes' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l key -d 'Private key: a PEM file, or a `pkcs11:` URI (RFC 7512)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l signer-command -d 'Command that signs, for keys in key services; see docs/signers.md' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l certificate -d 'Certificate of the key, PEM, with the intermediates above it; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l identity-token -d 'OIDC token that says who you are (also `PKG_IDENTITY_TOKEN`)' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l signing-config -d 'Signing config of the instance (`signing_config.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l trust-config -d 'Client trust config of the instance: signing config and trusted root in one' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l trusted-root -d 'Trusted root of the instance, to check new signatures with (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l provenance -d 'SLSA provenance of this pipeline, made from its environment'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l keyless -d 'Sign by identity: the pipeline\'s own where there is one, otherwise yours, by browser'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l log -d 'Put the signature of the key into the transparency log of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l timestamp -d 'Have the signature of the key timestamped by the authority of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l oob -d 'Show an address and ask for a code, instead of opening a browser'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l staging -d 'Use the staging instance of Sigstore, for tests'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -a "list" -d 'List attestations: what they are about, who made them, how far that was checked'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -a "show" -d 'Show what attestations say'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -a "verify" -d 'Verify that attestations are there, by somebody who is accepted'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -a "export" -d 'Write attestations to a file or folder'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and not __fish_seen_subcommand_from list show verify export help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l type -d 'Predicate type: a URI or short name; may be repeated [default: all]' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l type -d 'Predicate type: a URI or short name; may be repeated [default: all]' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l type -d 'Predicate type: a URI or short name; may be repeated [default: all]' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -l type -d 'Predicate type: a URI or short name; may be repeated [default: all]' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -s o -l output -d 'Output: NAME.jsonl for one a line, NAME.json for the only one, otherwise a folder' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from help" -f -a "list" -d 'List attestations: what they are about, who made them, how far that was checked'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what attestations say'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Verify that attestations are there, by somebody who is accepted'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write attestations to a file or folder'
complete -c pkg -n "__fish_pkg_using_subcommand attest; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l plugin -d 'Plugin to run' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l device -d 'Where to run what can run on a GPU' -r -f -a "gpu\t'A GPU; without one the plugin skips'
cpu\t'The processor'"
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l threads -d 'Threads to use; 0: as many as there are processors' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l set -d 'Setting of the plugin; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l key -d 'Private key: a PEM file, or a `pkcs11:` URI (RFC 7512)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l signer-command -d 'Command that signs, for keys in key services; see docs/signers.md' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l certificate -d 'Certificate of the key, PEM, with the intermediates above it; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l identity-token -d 'OIDC token that says who you are (also `PKG_IDENTITY_TOKEN`)' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l signing-config -d 'Signing config of the instance (`signing_config.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l trust-config -d 'Client trust config of the instance: signing config and trusted root in one' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l trusted-root -d 'Trusted root of the instance, to check new signatures with (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l verify-only -d 'Only look whether the results are right, measure nothing'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l required -d 'A skip is a failure'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l keyless -d 'Sign by identity: the pipeline\'s own where there is one, otherwise yours, by browser'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l log -d 'Put the signature of the key into the transparency log of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l timestamp -d 'Have the signature of the key timestamped by the authority of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l oob -d 'Show an address and ask for a code, instead of opening a browser'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l staging -d 'Use the staging instance of Sigstore, for tests'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -f -a "record" -d 'Run a model on the processor and record what it puts out, to be packed with it'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and not __fish_seen_subcommand_from record help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -s o -l output -d 'File to write [default: golden.json in the folder]' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l plugin -d 'Plugin whose engine runs the model' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l threads -d 'Threads to use; 0: as many as there are processors' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l set -d 'Setting of the plugin; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l force -d 'Replace the file'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from help" -f -a "record" -d 'Run a model on the processor and record what it puts out, to be packed with it'
complete -c pkg -n "__fish_pkg_using_subcommand golden; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "list" -d 'List the plugins there are, and which of them may run'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "info" -d 'Say what a plugin is and which settings it knows'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "install" -d 'Install a plugin for this user, and let it run'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "remove" -d 'Remove a plugin of this user'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "trust" -d 'Say which plugins may run, or take that back'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "manifest" -d 'Write the manifest of a library, to be signed and shipped beside it'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "new" -d 'Begin a plugin: a folder that compiles'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and not __fish_seen_subcommand_from list info install remove trust manifest new help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l sha256 -d 'Digest that the library must have' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l gpu -d 'The library, which has no manifest, needs a GPU'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l force -d 'Replace an installed plugin of the same id'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l no-trust -d 'Do not let it run yet'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from remove" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from remove" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from remove" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from remove" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from remove" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l key -d 'Public key of somebody whose signed plugins may run' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l identity -d 'Identity of somebody whose signed plugins may run' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l issuer -d 'Who vouches for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l trusted-root -d 'Trusted root of the instance that the identity is of, unless it is the public one' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l mode -d 'How much trust matters from now on' -r -f -a "off\t'Every plugin runs'
warn\t'Plugins that are not trusted run with a warning'
enforce\t'Only trusted plugins run'"
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l revoke -d 'Take trust back instead'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -s o -l output -d 'File to write; ID.pkgplugin.json beside the library unless given' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l plugin-path -d 'Folder to look for plugins in, before all others; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l plugin-seconds -d 'Seconds that a plugin may take, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l plugin-memory -d 'Memory that a plugin may use, such as 4GiB, instead of its own limit' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l key -d 'Private key: a PEM file, or a `pkcs11:` URI (RFC 7512)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l signer-command -d 'Command that signs, for keys in key services; see docs/signers.md' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l certificate -d 'Certificate of the key, PEM, with the intermediates above it; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l identity-token -d 'OIDC token that says who you are (also `PKG_IDENTITY_TOKEN`)' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l signing-config -d 'Signing config of the instance (`signing_config.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l trust-config -d 'Client trust config of the instance: signing config and trusted root in one' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l trusted-root -d 'Trusted root of the instance, to check new signatures with (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l gpu -d 'The plugin needs a GPU'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l locked -d 'Leave `PKG_PLUGIN_PATH` alone'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l require-sandbox -d 'Run plugins only where they can be confined completely'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l keyless -d 'Sign by identity: the pipeline\'s own where there is one, otherwise yours, by browser'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l log -d 'Put the signature of the key into the transparency log of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l timestamp -d 'Have the signature of the key timestamped by the authority of the instance'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l oob -d 'Show an address and ask for a code, instead of opening a browser'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l staging -d 'Use the staging instance of Sigstore, for tests'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from manifest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -s o -l output -d 'Folder to make; the id unless given' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -l language -d 'Language' -r -f -a "rust\t'Rust, with the SDK'
c\t'C, with the header alone'"
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the plugins there are, and which of them may run'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "info" -d 'Say what a plugin is and which settings it knows'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "install" -d 'Install a plugin for this user, and let it run'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a plugin of this user'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "trust" -d 'Say which plugins may run, or take that back'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "manifest" -d 'Write the manifest of a library, to be signed and shipped beside it'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "new" -d 'Begin a plugin: a folder that compiles'
complete -c pkg -n "__fish_pkg_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand __plugin-host" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand __plugin-host" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand __plugin-host" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand __plugin-host" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand __plugin-host" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand __plugin-host" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand __plugin-host" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -f -a "sign-bundle" -d 'Sign a file by identity into a Sigstore bundle'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -f -a "verify-bundle" -d 'Verify a Sigstore bundle over a file or digest'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and not __fish_seen_subcommand_from sign-bundle verify-bundle help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l identity-token -d 'OIDC token that says who you are (also `PKG_IDENTITY_TOKEN`)' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l signing-config -d 'Signing config of the instance (`signing_config.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l trust-config -d 'Client trust config of the instance: signing config and trusted root in one' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l trusted-root -d 'Trusted root of the instance, to check new signatures with (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l bundle -d 'Bundle to write' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l oob -d 'Show an address and ask for a code, instead of opening a browser'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l staging -d 'Use the staging instance of Sigstore, for tests'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l in-toto -d 'The file is an in-toto statement; sign it in a DSSE envelope'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from sign-bundle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l bundle -d 'Bundle to verify' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l staging -d 'Use the root of Sigstore\'s staging instance'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from verify-bundle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from help" -f -a "sign-bundle" -d 'Sign a file by identity into a Sigstore bundle'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from help" -f -a "verify-bundle" -d 'Verify a Sigstore bundle over a file or digest'
complete -c pkg -n "__fish_pkg_using_subcommand sigstore; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -f -a "update" -d 'Fetch the newest trusted root of an instance into the cache, by TUF'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -f -a "show" -d 'Say which trusted root would be used, and whom it trusts'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -f -a "monitor" -d 'List new entries of an identity in a transparency log, and check that the log kept what it had'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and not __fish_seen_subcommand_from update show monitor help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l mirror -d 'TUF repository of another instance' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l root -d 'First TUF root of that repository (`root.json`), which you trust' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l staging -d 'Use Sigstore\'s staging instance'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -l trusted-root -d 'Trusted root to look at (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -l staging -d 'Look at the root of Sigstore\'s staging instance'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l certificate-chain -d 'Certificates of the publisher\'s own authority, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l identity -l certificate-identity -d 'Identity of the publisher: the e-mail address or URI in the certificate' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l identity-regexp -l certificate-identity-regexp -d 'Regular expression that the whole identity must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l issuer -l certificate-oidc-issuer -d 'OIDC issuer that vouched for the identity' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l issuer-regexp -l certificate-oidc-issuer-regexp -d 'Regular expression that the whole issuer must match' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l claim -d 'Claim that the certificate must carry, such as build-trigger=release; may be repeated' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l repository -d 'GitHub repository that signed, as OWNER/NAME; the issuer is GitHub\'s unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l ref -d 'Git ref that the GitHub workflow ran on, such as refs/tags/v1.0' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l workflow -d 'Name of the GitHub workflow' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l trigger -d 'Event that started the GitHub workflow, such as release' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l trusted-root -d 'Trusted root of the Sigstore instance (`trusted_root.json`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l max-root-age -d 'Oldest trusted root to accept, in days; what was given as a file has no age' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l state -d 'File that keeps what is known of the log; made by the first run' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l log -d 'Log of the trusted root, by address or id [default: the only one in use]' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l from -d 'Entry at which the first run begins [default: the end of the log]' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l limit -d 'Most entries to read in one run' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l any-identity -d 'Accept every identity: says who signed, decides nothing'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l offline -d 'Open no socket at all, whatever else is asked for'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l fail-on-entries -d 'End with 11 when there are new entries of those who are looked for'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from monitor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "update" -d 'Fetch the newest trusted root of an instance into the cache, by TUF'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "show" -d 'Say which trusted root would be used, and whom it trusts'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "monitor" -d 'List new entries of an identity in a transparency log, and check that the log kept what it had'
complete -c pkg -n "__fish_pkg_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l keep -d 'Keep the folder with everything that was made, here' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand demo" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -f -a "check" -d 'Check a policy and everything it names; with facts, decide over them'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -f -a "explain" -d 'Say in words what a policy demands'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -f -a "evaluate" -d 'Evaluate a rule in Rego; how pkg calls itself'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and not __fish_seen_subcommand_from check explain evaluate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -l facts -d 'Facts to decide over, as JSON (`pkg schema policy-facts`)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from explain" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from explain" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from explain" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from explain" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from explain" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from evaluate" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from evaluate" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from evaluate" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from evaluate" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from evaluate" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from evaluate" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from evaluate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check a policy and everything it names; with facts, decide over them'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Say in words what a policy demands'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "evaluate" -d 'Evaluate a rule in Rego; how pkg calls itself'
complete -c pkg -n "__fish_pkg_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand explain" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand explain" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand explain" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand explain" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand explain" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand explain" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand schema" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand schema" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand schema" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand schema" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand schema" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand schema" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand completions" -l registry-ca -d 'Certificates of authorities to trust beside those of the system, in PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand completions" -l plain-http -d 'Registry that may be spoken to without encryption; loopback always may' -r
complete -c pkg -n "__fish_pkg_using_subcommand completions" -l registry-auth -d 'File with credentials, as `docker login` and `podman login` write it' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand completions" -l transfers -d 'Requests to a registry at the same time; fits the machine unless given' -r
complete -c pkg -n "__fish_pkg_using_subcommand completions" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand completions" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "init" -d 'Look at a model folder and write its pkg.toml'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "pack" -d 'Make a bundle from a folder with a pkg.toml'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "check" -d 'Check a model repository: pkg.toml, licences, LFS pointers, pickles, secrets'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "hook" -d 'Install hooks of git that check commits, release tags and what arrives'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "keygen" -d 'Make a signing key pair'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "sign" -d 'Sign a bundle, or a plain folder'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "verify" -d 'Check a bundle, an archive, an unpacked folder or one with a model signature'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "show" -d 'Say what a bundle is, without checking its content'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "unpack" -d 'Write the files of a bundle into a folder, checking them on the way'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "export" -d 'Verify a bundle and copy it, with the trusted root, into one folder'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "push" -d 'Put a bundle into a registry'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "pull" -d 'Get a release out of a registry: the terms first, each byte checked on the way'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "encode" -d 'Hold the weights of a bundle in coded form, which takes less room'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "decode" -d 'Restore the bundle that a coded layout was made from'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "report" -d 'Say how open a release is, and what is missing'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "release" -d 'Release a folder or a commit to a registry: check, pack, sign, attest, push, verify, tag'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "notice" -d 'Write the files that the licences ask to be passed on'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "diff" -d 'Say what differs between two releases: terms, data, files, tensors'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "lineage" -d 'Say how much of a model is another one\'s, tensor by tensor'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "attest" -d 'Attest something about a release, or look at what was attested'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "bench" -d 'Run a plugin over a release, print what it measured, and attest the result'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "golden" -d 'Record what a model puts out, for comparison wherever it runs'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "plugin" -d 'List, install and trust plugins, or begin one'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "__plugin-host" -d 'Serve as the process of a plugin'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "sigstore" -d 'Sign and verify single artifacts as other Sigstore clients do'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "trust" -d 'Fetch and look at trusted roots'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "demo" -d 'Run the whole round on a small generated model, with a word on each step'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "policy" -d 'Check a policy file, decide with it over facts, or say what it demands'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "explain" -d 'Explain a finding code, or list them'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "schema" -d 'Print a JSON Schema, or list them'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "completions" -d 'Print a shell completion script'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack check hook keygen sign verify show unpack export push pull encode decode report release notice diff lineage attest bench golden plugin __plugin-host sigstore trust demo policy explain schema completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "install" -d 'Install the hooks of pkg into a git repository; those that are there are kept and run first'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "uninstall" -d 'Take the hooks of pkg away, and put those that were there before back'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "list" -d 'Say which hooks there are'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "run" -d 'Do what a hook does, as git calls it'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from attest" -f -a "list" -d 'List attestations: what they are about, who made them, how far that was checked'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from attest" -f -a "show" -d 'Show what attestations say'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from attest" -f -a "verify" -d 'Verify that attestations are there, by somebody who is accepted'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from attest" -f -a "export" -d 'Write attestations to a file or folder'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from golden" -f -a "record" -d 'Run a model on the processor and record what it puts out, to be packed with it'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from plugin" -f -a "list" -d 'List the plugins there are, and which of them may run'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from plugin" -f -a "info" -d 'Say what a plugin is and which settings it knows'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from plugin" -f -a "install" -d 'Install a plugin for this user, and let it run'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from plugin" -f -a "remove" -d 'Remove a plugin of this user'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from plugin" -f -a "trust" -d 'Say which plugins may run, or take that back'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from plugin" -f -a "manifest" -d 'Write the manifest of a library, to be signed and shipped beside it'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from plugin" -f -a "new" -d 'Begin a plugin: a folder that compiles'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from sigstore" -f -a "sign-bundle" -d 'Sign a file by identity into a Sigstore bundle'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from sigstore" -f -a "verify-bundle" -d 'Verify a Sigstore bundle over a file or digest'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "update" -d 'Fetch the newest trusted root of an instance into the cache, by TUF'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "show" -d 'Say which trusted root would be used, and whom it trusts'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "monitor" -d 'List new entries of an identity in a transparency log, and check that the log kept what it had'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "check" -d 'Check a policy and everything it names; with facts, decide over them'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "explain" -d 'Say in words what a policy demands'
complete -c pkg -n "__fish_pkg_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "evaluate" -d 'Evaluate a rule in Rego; how pkg calls itself'
