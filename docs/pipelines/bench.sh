#!/bin/sh
# Runs a plugin over a release in a registry, on the machine that this is, and attaches
# the attested result to it. The Slurm and Kubernetes templates run this very script.
#
#   PKG               program [pkg]
#   PKG_BENCH_TARGET  oci://HOST/REPOSITORY@sha256:HEX (needed; a tag could be moved while
#                     several machines measure)
#   PKG_BENCH_KEY     private key of whoever measures (needed; with PKG_PASSPHRASE if it has one)
#   PKG_BENCH_PLUGIN  id of the plugin [cuda-smoke]
#   PKG_BENCH_DEVICE  gpu or cpu [gpu]
#   PKG_BENCH_ARGS    more arguments of `pkg bench`, with spaces between
#
# A plugin that skips is a failure here: a machine that measured nothing attests nothing.
set -euf

pkg=${PKG:-pkg}
target=${PKG_BENCH_TARGET:?'say which release: oci://HOST/REPOSITORY@sha256:HEX'}
key=${PKG_BENCH_KEY:?'say who attests: a private key'}

case $target in
oci://*@sha256:*) ;;
*)
    echo "bench: $target names no digest; machines that measure at different times need one" >&2
    exit 2
    ;;
esac

set -- bench "$target" "--plugin=${PKG_BENCH_PLUGIN:-cuda-smoke}" \
    "--device=${PKG_BENCH_DEVICE:-gpu}" --required "--key=$key"
for argument in ${PKG_BENCH_ARGS:-}; do set -- "$@" "$argument"; done

echo "bench: on $(uname -n)"
exec "$pkg" "$@"
