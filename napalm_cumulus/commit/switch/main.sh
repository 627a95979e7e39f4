main() {
    VERB=${1-}
    require_own "$D"
    require_own "$V"
    for state in pending claimed.revert claimed.confirm; do
        if [ -d "$D/$state" ]; then mend_state "$D/$state"; fi
    done
    case ${1-} in
    apply | run | expire) "cmd_$1" "$2" ;;
    boot) boot_alone ;;
    confirm) cmd_confirm "$2" ;;
    rollback) cmd_rollback "$2" "rolled back by request" ;;
    front-rollback) cmd_front rollback "$2" ;;
    front-confirm) cmd_front confirm "$2" ;;
    status) cmd_status ;;
    try-out) try_out "$2" ;;
    previous) cmd_previous ;;
    *) die "$E_INTERNAL" "unknown verb '${1-}'" ;;
    esac
    exit
}

# The shell reads a script while it runs it: nothing may follow this line.
main "$@"
