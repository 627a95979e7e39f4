main() {
    VERB=${1-}
    case ${1-} in
    apply | run | expire) "cmd_$1" "$2" ;;
    boot) cmd_boot ;;
    confirm) cmd_confirm "$2" ;;
    rollback) cmd_rollback "$2" "rolled back by request" ;;
    front-rollback) cmd_front rollback "$2" ;;
    front-confirm) cmd_front confirm "$2" ;;
    status) cmd_status ;;
    try-out) try_out "$2" ;;
    *) die "$E_INTERNAL" "unknown verb '${1-}'" ;;
    esac
    exit
}

# The shell reads a script as it goes: nothing may follow this line.
main "$@"
