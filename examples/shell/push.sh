#!/bin/sh
# A service with curl and redis-cli alone, and openssl where pods want a token: looks a device up in Redis and sends it what it reads on stdin.
#
#   echo hello | ./push.sh lamp-1
#   ./push.sh lamp-1 application/octet-stream < update.bin
#
# REDIS_URL, REDIS_PREFIX and CALLBACK_TOKEN are those of the pods; PATIENCE: seconds to go on trying (5).
# Ends with 0: delivered; 1: not delivered; 2: wrong usage; 3: unknown, the connection broke before the answer.
set -eu

device=${1:?usage: push.sh DEVICE [CONTENT-TYPE]}
type=${2:-text/plain}
patience=${PATIENCE:-5}

work=$(mktemp -d) # only we may read it: what proves us is in there rather than in the command line of curl
trap 'rm -rf "$work"' EXIT
cat > "$work/body"

end() {
  echo "$2" >&2
  exit "$1"
}

# Sets $pod to ADDRESS:PORT, or to nothing when no pod has the device, and $pod_id. The braces are part of the key.
look_up() {
  entry=$(redis-cli --no-auth-warning -u "${REDIS_URL:-redis://127.0.0.1:6379}" \
    GET "${REDIS_PREFIX:-ws-connect}:device:{$device}") || end 1 'not delivered: Redis does not answer'
  pod=$(echo "$entry" | sed -n 's/.*"serverIp":"\([^"]*\)","port":\([0-9]*\).*/\1 \2/p')
  pod_id=$(echo "$entry" | sed -n 's/.*"podId":"\([^"]*\)".*/\1/p')
  case $pod in
    *:*) pod="[${pod% *}]:${pod#* }" ;; # an IPv6 address
    *' '*) pod="${pod% *}:${pod#* }" ;;
    *) [ -z "$entry" ] || end 1 "not delivered: Redis says $entry" ;;
  esac
}

# What is shown to this pod instead of the token (hop), or what this pod has to show (proof): docs/security.md.
derive() {
  printf 'ws-connect-%s-v1:%s@%s' "$1" "$pod_id" "$pod" |
    openssl dgst -sha256 -hmac "$CALLBACK_TOKEN" -binary | base64 | tr '+/' '-_' | tr -d '=\n'
}

# Sets what goes to the pod, and $proof, which has to come back.
introduce() {
  printf 'Content-Type: %s\n' "$type" > "$work/headers"
  proof=$pod_id
  [ -n "${CALLBACK_TOKEN:-}" ] || return 0
  printf 'Authorization: Bearer %s\n' "$(derive hop)" >> "$work/headers"
  proof=$(derive proof)
}

# Tries once. Ends the script when there is nothing to try again; otherwise sets $why.
push_once() {
  look_up
  why="$device is not connected"
  [ -n "$pod" ] || return 0
  introduce
  : > "$work/answer"
  told=$(curl --silent --noproxy '*' --connect-timeout 2 --max-time 12 -H "@$work/headers" --data-binary "@$work/body" \
    --dump-header "$work/head" --output "$work/answer" --write-out '%{http_code} %{num_connects}' "http://$pod/callback/$device") || true
  why="${told% *} $(cat "$work/answer")"
  case $told in
    '000 0') why="the pod of $device does not answer" && return 0 ;; # nothing was sent: it is gone, and the entry soon will be
    000*) end 3 "unknown: no answer from the pod of $device" ;;
  esac
  if [ "$(tr -d '\r' < "$work/head" | awk 'tolower($1) == "ws-connect-proof:" { print $2 }')" != "$proof" ]; then
    why="$why, without the proof of the pod" # another program has its address, or the token is wrong
    return 0
  fi
  case $told in
    200*) end_well ;;
    404* | 409* | 429* | 503*) ;; # gone from there, moved, too much at once
    *) end 1 "not delivered: $why" ;;
  esac
}

end_well() {
  cat "$work/answer"
  echo
  exit 0
}

push_once
while [ "$patience" -gt 0 ]; do
  sleep 1
  patience=$((patience - 1))
  push_once
done
end 1 "not delivered: $why"
