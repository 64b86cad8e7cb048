#!/bin/sh
# A chat for all clients of all transports, in the shell.
. "$POLYPORT_KIT/functions.sh"
while next; do
    case $event in
    open)
        send "$client" "welcome"
        send "all-$client" "$client has come, by $transport"
        ;;
    text) send "all-$client" "$client: $text" ;;
    close) send all "$client has left" ;;
    esac
done
