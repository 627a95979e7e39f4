files_to_change() { cat "$T/changed" "$T/removed" | wc -l; }

prepare_journal() {
    [ "$(files_to_change)" -gt 1 ] || return 0
    rm -rf "$V/confirm"
    mkdir -p "$V/confirm" || return 1
    cp "$T/transaction.sh" "$T/id" "$T/owner" "$T/changed" "$T/removed" "$V/confirm/" || return 1
    [ -d /run/systemd/system ] || return 0
    cat >"$UNITS/vipkeeper-boot.service" <<UNIT || return 1
[Unit]
Description=Finish a configuration change that a power cut interrupted
DefaultDependencies=no
RequiresMountsFor=$V $NETWORK
After=local-fs.target
Before=network-pre.target networking.service shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart=/bin/sh $V/confirm/transaction.sh boot
UNIT
    mkdir -p "$UNITS/networking.service.wants" "$UNITS/sysinit.target.wants" || return 1
    for target in networking.service sysinit.target; do
        ln -sf ../vipkeeper-boot.service "$UNITS/$target.wants/vipkeeper-boot.service" || return 1
        flush "$UNITS/$target.wants"
    done
    flush "$UNITS/vipkeeper-boot.service" "$UNITS" "$V/confirm"/* "$V/confirm" "$V"
}

begin_journal() { # from this rename on the boot goes forward
    [ -d "$V/confirm" ] || return 0
    : >"$V/confirm/begun.new"
    mv -f "$V/confirm/begun.new" "$V/confirm/begun"
    flush "$V/confirm"
}

drop_journal() {
    [ -d "$V/confirm" ] || return 0
    rm -f "$V/confirm/begun"
    flush "$V/confirm"
    rm -f "$UNITS/networking.service.wants/vipkeeper-boot.service" \
        "$UNITS/sysinit.target.wants/vipkeeper-boot.service" "$UNITS/vipkeeper-boot.service"
    rm -rf "$V/confirm"
}

put_files() { # rename each prepared file over its target; what is done already is passed over
    while IFS= read -r path; do
        target=$(real "$path")
        fresh=$(prepared "$target")
        [ -e "$fresh" ] && mv -f "$fresh" "$target" && flush "$(dirname "$target")"
        mark "written $path"
    done <"$T/changed"
    while IFS= read -r path; do
        rm -f "$path" && flush "$(dirname "$path")"
        mark "removed $path"
    done <"$T/removed"
}

finish_confirm() { # with the lock held and the commit claimed: from here on there is only forward
    begin_journal
    mark confirming
    put_files
    if [ -d "$V/previous.new" ]; then
        rm -rf "$V/previous"
        mv -T "$V/previous.new" "$V/previous"
        flush "$V"
    fi
    drop_journal
    end_with confirmed "by $(value "$T/owner")"
}

cmd_boot() {
    T=$V/confirm
    ID=$(value "$T/id")
    if [ -e "$T/begun" ]; then
        put_files
        note "a confirm by $(value "$T/owner") was cut off and is finished now"
    else
        drop_prepared
        note "a confirm by $(value "$T/owner") was cut off before it began and is dropped"
    fi
    drop_journal
}
