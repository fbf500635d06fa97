#!/bin/sh
# An authority of the campus's own, and a certificate for each name by which one process reaches another (docs/gateway.md):
#
#   deploy/certificates.sh deploy/tls api witness          (for deploy/compose.tls.yaml)
#
# Run it again for new certificates of the same authority: they last 90 days, the authority five years. ca.key signs
# all that it is asked to: keep it away from the machines that run the campus.
set -eu
umask 077
cd "$(mkdir -p "$1" && cd "$1" && pwd)"
shift
new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
# shellcheck disable=SC2086 # several words
[ -e ca.key ] || openssl req -x509 $new -days 1826 -subj "/CN=authority of the campus" -keyout ca.key -out ca.pem \
    -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
for name; do
    # shellcheck disable=SC2086
    openssl req $new -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "$name" >"$name.ext"
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -extfile "$name.ext" \
        -out "$name.pem" 2>/dev/null
    rm "$name.csr" "$name.ext"
done
chmod 644 ./*.pem
