#!/usr/bin/env bash
# The hands-on of the document on storing multi-tenant data on S3, word for word, from its first command to its last:
# four users of two tenants store an object each in five kinds of partition, and each then sees their own and no other.
#
#   make up
#   . .local/env
#   APIGTW_BASE_URL=$STORAGE_API_URL docs/hands-on-s3.sh
#
# Each command is printed before it runs, and the first answer that is not what it should be ends it all. With
# --new-tokens it takes the document's optional step as well and goes on with tokens that the API has issued.
#
# The published tokens count in the environments local and dev only. The document's tenants are to have no other objects
# than these: where a listing shows more, somebody else has played with them, and `make down` makes a fresh start.
set -euo pipefail

case ${1-} in
    '') new_tokens= ;;
    --new-tokens) new_tokens=yes ;;
    *) echo "usage: APIGTW_BASE_URL=... $0 [--new-tokens]" >&2 && exit 2 ;;
esac
for program in curl jq; do
    if ! command -v "$program" > /dev/null; then
        echo "$program is missing. Install it with: apt install $program (Debian), brew install $program (macOS)" >&2
        exit 2
    fi
done
if [[ -z ${APIGTW_BASE_URL-} ]]; then
    echo "Set APIGTW_BASE_URL to the address of the storage API, which . .local/env calls STORAGE_API_URL." >&2
    exit 2
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" # the optional step writes output.txt
count=0

section() {
    printf '\n# %s\n' "$1"
}

# Print the command that is the standard input, run it here, and compare what it prints, white space aside.
expect() {
    local expected=$1 command answer fits=yes
    command=$(cat)
    printf '\n%s\n' "$command"
    if ! eval "$command" > answer 2> progress; then
        cat progress >&2
        exit 1
    fi
    cat answer
    answer=$(tr -d '[:space:]' < answer)
    case $expected in
        nothing) [[ -z $answer ]] || fits= ;;
        'a token') [[ $answer =~ ^ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$ ]] || fits= ;;
        *) [[ $answer == "$expected" ]] || fits= ;;
    esac
    if [[ -z $fits ]]; then
        echo "Expected $expected." >&2
        exit 1
    fi
    count=$((count + 1))
}

section 'The published tokens'
expect nothing <<'COMMAND'
TNTAUSR1=eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRhIiwidXNlcl9pZCI6InVzZXIxIn0.jAqNXRPDPR1U4VrLb6yubV8022JfzKoRpStriQhJRXA
COMMAND
expect nothing <<'COMMAND'
TNTAUSR2=eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRhIiwidXNlcl9pZCI6InVzZXIyIn0.E38IhJBzBodP3qDbTbITy8QKJrksBvMVDJqIgc2ttsE
COMMAND
expect nothing <<'COMMAND'
TNTBUSR1=eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRiIiwidXNlcl9pZCI6InVzZXIxIn0.4LtIpnzICGlxf8QrQxIyMAVHzzfNb4RnBldxVnFIBZY
COMMAND
expect nothing <<'COMMAND'
TNTBUSR2=eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRiIiwidXNlcl9pZCI6InVzZXIyIn0.1Z12kKN5sRTWfQF2iab0-DNEonjC5y4ziFrPIusaU7g
COMMAND

if [[ $new_tokens ]]; then
    section 'Tokens of our own'
    expect 'a token' <<'COMMAND'
TNTAUSR1=$(curl -X GET ${APIGTW_BASE_URL}/token \
-H "Content-Type: application/json" \
-H "x-tenant-id: tenanta" \
-H "x-user-id: user1" \
| jq -r '.result.token') && \
echo $TNTAUSR1 && \
echo "tenanta/user1: $TNTAUSR1" >> output.txt
COMMAND
    expect 'a token' <<'COMMAND'
TNTAUSR2=$(curl -X GET ${APIGTW_BASE_URL}/token \
-H "Content-Type: application/json" \
-H "x-tenant-id: tenanta" \
-H "x-user-id: user2" \
| jq -r '.result.token') && \
echo $TNTAUSR2 && \
echo "tenanta/user2: $TNTAUSR2" >> output.txt
COMMAND
    expect 'a token' <<'COMMAND'
TNTBUSR1=$(curl -X GET ${APIGTW_BASE_URL}/token \
-H "Content-Type: application/json" \
-H "x-tenant-id: tenantb" \
-H "x-user-id: user1" \
| jq -r '.result.token') && \
echo $TNTBUSR1 && \
echo "tenantb/user1: $TNTBUSR1" >> output.txt
COMMAND
    expect 'a token' <<'COMMAND'
TNTBUSR2=$(curl -X GET ${APIGTW_BASE_URL}/token \
-H "Content-Type: application/json" \
-H "x-tenant-id: tenantb" \
-H "x-user-id: user2" \
| jq -r '.result.token') && \
echo $TNTBUSR2 && \
echo "tenantb/user2: $TNTBUSR2" >> output.txt
COMMAND
fi

section 'Bucket: a bucket for each tenant, a folder in it for each user'
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
-d '{"key": "movies.txt", "value": "Oscar, Golden Globe"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
-d '{"key": "music.txt", "value": "Grammys, MTV Music awards"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
-d '{"key": "basketball.txt", "value": "Larry O\" Brien NBA Championship Trophy"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
-d '{"key": "golf.txt", "value": "The Wanamaker Trophy"}' \
| jq -r '.status'
COMMAND
expect '["movies.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
| jq -r '.result'
COMMAND
expect '["music.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
| jq -r '.result'
COMMAND
expect '["basketball.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
| jq -r '.result'
COMMAND
expect '["golf.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=bucket \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
| jq -r '.result'
COMMAND

section 'Prefix: one bucket; a folder for each tenant, and in it one for each user'
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
-d '{"key": "movies.txt", "value": "Oscar, Golden Globe"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
-d '{"key": "music.txt", "value": "Grammys, MTV Music awards"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
-d '{"key": "basketball.txt", "value": "Larry O\" Brien NBA Championship Trophy"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
-d '{"key": "golf.txt", "value": "The Wanamaker Trophy"}' \
| jq -r '.status'
COMMAND
expect '["movies.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
| jq -r '.result'
COMMAND
expect '["music.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
| jq -r '.result'
COMMAND
expect '["basketball.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
| jq -r '.result'
COMMAND
expect '["golf.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=prefix \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
| jq -r '.result'
COMMAND

section 'Tag: one bucket, whose objects carry the tenant and the user as tags'
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
-d '{"key": "movies.txt", "value": "Oscar, Golden Globe"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
-d '{"key": "music.txt", "value": "Grammys, MTV Music awards"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
-d '{"key": "basketball.txt", "value": "Larry O\" Brien NBA Championship Trophy"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
-d '{"key": "golf.txt", "value": "The Wanamaker Trophy"}' \
| jq -r '.status'
COMMAND
expect '["movies.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
| jq -r '.result'
COMMAND
expect '["music.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
| jq -r '.result'
COMMAND
expect '["basketball.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
| jq -r '.result'
COMMAND
expect '["golf.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=tag \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
| jq -r '.result'
COMMAND

section 'Access point: one bucket, and an access point to it for each tenant'
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
-d '{"key": "movies.txt", "value": "Oscar, Golden Globe"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
-d '{"key": "music.txt", "value": "Grammys, MTV Music awards"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
-d '{"key": "basketball.txt", "value": "Larry O\" Brien NBA Championship Trophy"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
-d '{"key": "golf.txt", "value": "The Wanamaker Trophy"}' \
| jq -r '.status'
COMMAND
expect '["movies.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
| jq -r '.result'
COMMAND
expect '["music.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
| jq -r '.result'
COMMAND
expect '["basketball.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
| jq -r '.result'
COMMAND
expect '["golf.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=access_point \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
| jq -r '.result'
COMMAND

section 'Database: one bucket, and a table that says which objects there are'
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
-d '{"key": "movies.txt", "value": "Oscar, Golden Globe"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
-d '{"key": "music.txt", "value": "Grammys, MTV Music awards"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
-d '{"key": "basketball.txt", "value": "Larry O\" Brien NBA Championship Trophy"}' \
| jq -r '.status'
COMMAND
expect 'Created' <<'COMMAND'
curl -X PUT ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
-d '{"key": "golf.txt", "value": "The Wanamaker Trophy"}' \
| jq -r '.status'
COMMAND
expect '["movies.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR1}" \
| jq -r '.result'
COMMAND
expect '["music.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTAUSR2}" \
| jq -r '.result'
COMMAND
expect '["basketball.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR1}" \
| jq -r '.result'
COMMAND
expect '["golf.txt"]' <<'COMMAND'
curl -X GET ${APIGTW_BASE_URL}/object?partition=db_nosql \
-H "Content-Type: application/json" \
-H "x-token: ${TNTBUSR2}" \
| jq -r '.result'
COMMAND

printf '\nAll %d commands were answered as they should be.\n' "$count"
