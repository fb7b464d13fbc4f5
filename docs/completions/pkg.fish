# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pkg_global_optspecs
    string join \n json q/quiet h/help V/version
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

complete -c pkg -n "__fish_pkg_needs_command" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_needs_command" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_needs_command" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_needs_command" -s V -l version -d 'Print version'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "init" -d 'Look at a model folder and write its pkg.toml'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "pack" -d 'Make a bundle from a folder with a pkg.toml'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "keygen" -d 'Make a signing key pair'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "sign" -d 'Sign a bundle'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "verify" -d 'Check a bundle, an archive or an unpacked folder'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "show" -d 'Say what a bundle is, without checking its content'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "unpack" -d 'Write the files of a bundle into a folder, checking them on the way'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "demo" -d 'Run the whole round on a small generated model, with a word on each step'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "explain" -d 'Explain a finding code, or list them'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "schema" -d 'Print a JSON Schema, or list them'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c pkg -n "__fish_pkg_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pkg -n "__fish_pkg_using_subcommand init" -s y -l yes -d 'Ask nothing; write what was found'
complete -c pkg -n "__fish_pkg_using_subcommand init" -l dry-run -d 'Print what would be written, write nothing'
complete -c pkg -n "__fish_pkg_using_subcommand init" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand init" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand init" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -s o -l output -d 'Bundle to write; a name that ends in .tar makes one archive' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l store -d 'How files get into the bundle' -r -f -a "auto\t'Reflink where the file system can, otherwise copy'
reflink\t'Reflink or fail'
hardlink\t'Hard link or fail; later edits in place of either file change both'
copy\t'Always copy'"
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l shards -d 'Whether large files get one digest per shard' -r -f -a "auto\t'Shards when one file is large enough to keep a core busy alone'
always\t'Always shards'
never\t'Never shards'"
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l no-cache -d 'Read every file again, also those known from an earlier pack'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l force -d 'Replace the output even if it is no bundle'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand pack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -s o -l output -d 'Prefix of the two files: PREFIX.key and PREFIX.pub' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l algorithm -d 'Kind of key' -r -f -a "ecdsa-p256\t'ECDSA on P-256 with SHA-256; tools of the OpenSSF model signing format accept it'
ed25519\t'Ed25519'"
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l no-passphrase -d 'Store the private key unencrypted, ask for no passphrase'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l force -d 'Replace existing files'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l key -d 'Private key, PEM' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l passphrase-file -d 'File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l model-signature -d 'What the OpenSSF model signature in the unpacked folder lists' -r -f -a "files\t'One for each file; every tool of the format accepts it'
shards\t'One for each shard; some tools need to be told so'
none\t'No model signature'"
complete -c pkg -n "__fish_pkg_using_subcommand sign" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand sign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l key -d 'Public key of the publisher, PEM; may be repeated, one must match' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l digest -d 'Digest that the release must have' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l only -d 'Check only these components: weights, config, code, docs, data, or a kind' -r
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l whole-files -d 'Check whole-file digests as well where shard digests were recorded'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand verify" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_using_subcommand show" -l key -d 'Public key to check the signatures with, PEM; may be repeated' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand show" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand show" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand show" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l only -d 'Unpack only these components: weights, config, code, docs, data, or a kind' -r
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l store -d 'How files get out of the bundle' -r -f -a "auto\t'Reflink where the file system can, otherwise copy'
reflink\t'Reflink or fail'
hardlink\t'Hard link or fail; later edits in place of either file change both'
copy\t'Always copy'"
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l force -d 'Put the files into an existing folder, over files of the same name'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand unpack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l keep -d 'Keep the folder with everything that was made, here' -r -F
complete -c pkg -n "__fish_pkg_using_subcommand demo" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand demo" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand demo" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_using_subcommand explain" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand explain" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand explain" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_using_subcommand schema" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand schema" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand schema" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_using_subcommand completions" -l json -d 'Print one JSON document instead of text'
complete -c pkg -n "__fish_pkg_using_subcommand completions" -s q -l quiet -d 'Print only what went wrong'
complete -c pkg -n "__fish_pkg_using_subcommand completions" -s h -l help -d 'Print help'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "init" -d 'Look at a model folder and write its pkg.toml'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "pack" -d 'Make a bundle from a folder with a pkg.toml'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "keygen" -d 'Make a signing key pair'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "sign" -d 'Sign a bundle'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "verify" -d 'Check a bundle, an archive or an unpacked folder'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "show" -d 'Say what a bundle is, without checking its content'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "unpack" -d 'Write the files of a bundle into a folder, checking them on the way'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "demo" -d 'Run the whole round on a small generated model, with a word on each step'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "explain" -d 'Explain a finding code, or list them'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "schema" -d 'Print a JSON Schema, or list them'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "completions" -d 'Print a shell completion script'
complete -c pkg -n "__fish_pkg_using_subcommand help; and not __fish_seen_subcommand_from init pack keygen sign verify show unpack demo explain schema completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
