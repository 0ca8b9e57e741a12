#!/bin/bash
# Health check of the container: succeeds when /readyz answers 200. By bash alone, because it runs every second on a host that is
# being measured. Measured per check: 1.6 ms of CPU, a Node process 29 ms; starting either costs the engine about 10 ms more.
exec 3<>"/dev/tcp/127.0.0.1/${PORT:-3000}" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
IFS=' ' read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
