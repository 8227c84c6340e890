#!/bin/sh
# Writes ca.crt, server.crt and server.key anew, valid for 100 years. The key of the CA is thrown away.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
touch "$work/index"
cat > "$work/conf" <<CONF
[ca]
default_ca = test
[test]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
default_startdate = 20200101000000Z
default_enddate = 21200101000000Z
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1, DNS:localhost
CONF
request() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$2" -out "$work/request"
}
sign() {
  openssl ca -batch -notext -config "$work/conf" -in "$work/request" -keyfile "$work/ca.key" "$@"
}
request 'ws-connect test CA' "$work/ca.key"
sign -selfsign -extensions authority -out ca.crt
request localhost server.key
sign -cert ca.crt -extensions server -out server.crt
