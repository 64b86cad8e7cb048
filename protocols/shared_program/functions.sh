# Functions for shells whose scripts serve all clients of a service:
#
#   program: {command: [./chat], mode: shared, protocol: lines}
#
#   #!/bin/sh
#   . "$POLYPORT_KIT/functions.sh"
#   while next; do
#       case $event in
#       open)        send "$client" "welcome" ;;
#       text)        send "all-$client" "$client: $text" ;;
#       close)       ;;
#       esac
#   done
#
# Any shell of POSIX will do, and no other program is started.  Standard output belongs to Polyport: write
# what is for the log to standard error.

# The next event, in $event: open, text, binary, end, close, slow or ready, of the client $client.  What it says
# is in $text, the reason of a close too; who has come is in $transport, $host, $port, $user and $certificate.
# Fails at the end, when the service stops.  $raw is what came, without the escapes undone: what can be sent on
# with send_raw, whatever bytes are in it.
next() {
    text='' raw=''
    IFS=' ' read -r event client raw || return 1
    case $event in
    open)
        _rest=$raw
        transport=${_rest%% *} _rest=${_rest#* }
        host=${_rest%% *} _rest=${_rest#* }
        port=${_rest%% *} _rest=${_rest#* }
        _plain "${_rest%% *}" && user=$text
        _plain "${_rest#* }" && certificate=$text
        text=''
        ;;
    *) _plain "$raw" ;;
    esac
}

# send TO TEXT: to one client, to several (1,2,3), to all, or to all but some (all-1,2).
send() {
    _escape "$2"
    printf '%s\n' "text $1 $_escaped"
}

# send_raw TO RAW: the same, for what is escaped already, such as $raw.
send_raw() {
    printf '%s\n' "text $1 $2"
}

# close_client WHOM [REASON]
close_client() {
    _escape "${2-}"
    printf '%s\n' "close $1 $_escaped"
}

# Undo the escapes of $1, into $text.
_plain() {
    case $1 in
    *\\*)
        # The dot keeps line ends that $( ) would cut off.
        text=$(printf '%b.' "$1")
        text=${text%.}
        ;;
    *) text=$1 ;;
    esac
}

_newline='
'
_return=$(printf '\r')

# Escape $1, into $_escaped.
_escape() {
    case $1 in
    *[\\"$_newline$_return"]*)
        _left=$1 _escaped=''
        while [ -n "$_left" ]; do
            case $_left in
            \\*) _escaped="$_escaped\\\\" ;;
            "$_newline"*) _escaped="$_escaped\\n" ;;
            "$_return"*) _escaped="$_escaped\\r" ;;
            *)
                _plainly=${_left%%[\\"$_newline$_return"]*}
                _escaped=$_escaped$_plainly
                _left=${_left#"$_plainly"}
                continue
                ;;
            esac
            _left=${_left#?}
        done
        ;;
    *) _escaped=$1 ;;
    esac
}
