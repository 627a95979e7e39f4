"""The names of ifupdown2's and clagd's attributes, and those of other programs and releases."""

from __future__ import annotations

#: Of ifupdown2's own addons (``_modinfo`` of release 3.0.0), and of clagd.
KNOWN_ATTRIBUTES = frozenset(
    """
    address address-purge address-virtual address-virtual-ipv6-addrgen alias arp-accept
    batman-distributed-arp-table batman-gw-mode batman-hop-penalty batman-ifaces
    batman-ifaces-ignore-regex batman-multicast-mode batman-routing-algo
    bond-ad-actor-sys-prio bond-ad-actor-system bond-ad-sys-mac-addr bond-ad-sys-priority
    bond-downdelay bond-lacp-bypass-allow bond-lacp-rate bond-miimon bond-min-links
    bond-mode bond-num-grat-arp bond-num-unsol-na bond-ports bond-primary
    bond-primary-reselect bond-slaves bond-updelay bond-use-carrier bond-xmit-hash-policy
    bridge-access bridge-ageing bridge-allow-untagged bridge-always-up
    bridge-arp-nd-suppress bridge-bridgeprio bridge-broadcast-flood bridge-fd bridge-gcint
    bridge-hashel bridge-hashmax bridge-hello bridge-igmp-querier-src bridge-igmp-version
    bridge-l2protocol-tunnel bridge-learning bridge-maxage bridge-maxwait bridge-mclmc
    bridge-mclmi bridge-mcmi bridge-mcqi bridge-mcqifaddr bridge-mcqpi bridge-mcqri
    bridge-mcquerier bridge-mcqv4src bridge-mcrouter bridge-mcsnoop bridge-mcsqc
    bridge-mcsqi bridge-mcstats bridge-mld-version bridge-multicast-flood bridge-pathcosts
    bridge-port-pvids bridge-port-vids bridge-portmcfl bridge-portmcrouter bridge-portprios
    bridge-ports bridge-ports-condone-regex bridge-pvid bridge-stp bridge-trunk
    bridge-unicast-flood bridge-vids bridge-vlan-aware bridge-vlan-protocol
    bridge-vlan-stats bridge-vlan-vni-map bridge-waitport broadcast clag-id clagd-args
    clagd-backup-ip clagd-enable clagd-peer-ip clagd-priority clagd-sys-mac
    clagd-vxlan-anycast-ip down endpoint es-sys-mac gateway gro-offload gso-offload
    hwaddress ip-forward ip6-forward ipv6-addrgen link-autoneg link-down link-duplex
    link-fec link-speed link-type local lro-offload mode mpls-enable mstpctl-ageing
    mstpctl-bpduguard mstpctl-fdelay mstpctl-forcevers mstpctl-hello mstpctl-maxage
    mstpctl-maxhops mstpctl-portadminedge mstpctl-portautoedge mstpctl-portbpdufilter
    mstpctl-portnetwork mstpctl-portp2p mstpctl-portpathcost mstpctl-portrestrrole
    mstpctl-portrestrtcn mstpctl-ports mstpctl-stp mstpctl-treeportcost mstpctl-treeportprio
    mstpctl-treeprio mstpctl-txholdcount mtu netmask ovs-bonds ovs-bridge ovs-extra ovs-mtu
    ovs-options ovs-patch-peer ovs-ports ovs-ports-condone-regex ovs-tunnel-options
    ovs-tunnel-type ovs-type pointopoint post-down post-up ppp-physdev pre-down pre-up
    preferred-lifetime provider rx-offload scope tso-offload ttl tunnel-dev tunnel-endpoint
    tunnel-local tunnel-mode tunnel-physdev tunnel-ttl tx-offload ufo-offload up
    veth-peer-name vlan-id vlan-protocol vlan-raw-device vrf vrf-table vrrp vrrp-id
    vrrp-priority vrrp-virtual-ip vxlan-ageing vxlan-id vxlan-learning vxlan-local-tunnelip
    vxlan-mcastgrp vxlan-mcastgrp-map vxlan-mcastgrp6 vxlan-physdev vxlan-port
    vxlan-purge-remotes vxlan-remoteip vxlan-svcnodeip vxlan-svcnodeip6 vxlan-ttl xfrm-id
    xfrm-physdev
    """.split()  # noqa: SIM905 (a list of 190 names reads best as text)
)

#: Of older and newer releases, of Debian's ifupdown, and of the scripts below ``/etc/network`` that
#: other packages bring: right where they are known, passed over where they are not, never misspelt.
OTHER_ATTRIBUTES = frozenset(
    """
    accept-dad accept-ra accept-ra-rt arp-timeout autoconf batctl-bat bond-active-slave
    bond-ad-select bond-ad-user-port-key bond-all-slaves-active bond-arp-all-targets
    bond-arp-interval bond-arp-ip-target bond-arp-validate bond-fail-over-mac bond-give-a-chance
    bond-lacp-bypass-all-active bond-lacp-bypass-period bond-lacp-bypass-priority
    bond-lacp-fallback-allow bond-lacp-fallback-period bond-lacp-fallback-priority
    bond-lp-interval bond-master bond-num-peer-notif bond-packets-per-slave
    bond-peer-notif-delay bond-queue-id bond-resend-igmp bond-tlb-dynamic-lb bootfile
    bridge-dynamic bridge-hairpin bridge-hw bridge-isolated bridge-macaddr bridge-mcast-flood
    bridge-mcqv6src bridge-mld-querier bridge-pathcost bridge-portprio bridge-vlan-tunnel
    broadcast6 clagd-init-delay clagd-redirect-enable client comment dad-attempts dad-interval
    description dhclient-timeout dhcp dhcp-hostname dns-domain dns-nameserver dns-nameservers
    dns-options dns-register dns-search dns-sortlist dummy-link-type dummy-type encaplimit
    es-df-pref es-id ethernet-autoneg ethernet-pause-rx ethernet-pause-tx ethernet-phy
    ethernet-port ethernet-wol ethtool-opts evpn-mh-uplink firewall frame gateway-metric
    gateway6 hardware-dma-ring-rx hardware-dma-ring-tx hostapd hostname hw-mac-address hwaddr
    ifmetric inherit inherits ip4-forward ipv4-addrgen ipv4-forward ipv6-forward is-vrf key
    leasehours leasetime link-advertised link-duplex-mode link-lanes link-local link-rx-ring
    link-tx-ring mac-address macaddr macvlan-mode map mapping media metric mstpctl-bpdu-guard
    mstpctl-bpdufilter mstpctl-portadminage mstpctl-vlan mtu6 nameserver netnum network network6
    no-auto-down no-scripts nodad offload-gro offload-gso offload-lro offload-rx offload-sg
    offload-tso offload-tx offload-ufo openvpn ovs-controller ovs-managers ovs-mode ovs-ssid
    ovs-ssl ovs-tag ovs-vlan-mode post-ifup ppp-config ppp-provider pppoe-iface pre-tunnel
    preferred-life-time privext proxy-arp rename rename-from request-prefix requires rp-filter
    script server slaves stp sysctl template tos tunnel tunnel-key tunnel-tos udhcpc-opts udhcpd
    unit uplink-id use vendor veth-peer vlan-bridge-binding vlan-flow vlan-ports vlan-priority
    vlan-reorder-hdr vlan-type vrf-cgroup-create vrf-default-route vrf-id vrf-member
    vxlan-remoteip-map vxlan-svcnode vxlan-tos vxlan-udp-csum vxlan-vni vxlan-vnifilter
    vxlan-vtep-ip vxrd-src-ip vxrd-svcnode-ip wireguard-addr wireguard-config-path wireless-ap
    wireless-channel wireless-defaultkey wireless-essid wireless-freq wireless-ifaces
    wireless-key wireless-key1 wireless-key2 wireless-key3 wireless-key4 wireless-keymode
    wireless-mode wireless-nick wireless-nwid wireless-power wireless-rate wireless-sens
    wireless-txpower wpa-action-script wpa-anonymous-identity wpa-ap-scan wpa-auth-alg
    wpa-bridge wpa-bssid wpa-ca-cert wpa-client-cert wpa-conf wpa-country wpa-debug-level
    wpa-default-iface wpa-disabled wpa-driver wpa-eap wpa-frequency wpa-group wpa-identity
    wpa-iface wpa-key-mgmt wpa-logfile wpa-maint-debug wpa-mapping-script
    wpa-mapping-script-priority wpa-mode wpa-pairwise wpa-passphrase wpa-password wpa-phase1
    wpa-phase2 wpa-priority wpa-private-key wpa-private-key-passwd wpa-proto wpa-psk wpa-roam
    wpa-scan-ssid wpa-ssid wpa-wep-key0
    """.split()  # noqa: SIM905 (as above)
)
