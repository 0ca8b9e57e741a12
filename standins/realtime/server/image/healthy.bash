#!/bin/bash
# Health check of the container: succeeds if /healthcheck answers 200, as on Supabase Realtime.
# It uses only bash, like server/ready.bash: it runs every second on a host that is measured.
exec 3<>"/dev/tcp/127.0.0.1/${PORT:-4000}" || exit 1
printf 'GET /healthcheck HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
IFS=' ' read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
