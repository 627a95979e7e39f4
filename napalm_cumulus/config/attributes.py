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
    accept-ra autoconf bond-lacp-bypass-all-active bond-lacp-bypass-period
    bond-lacp-bypass-priority bond-lacp-fallback-allow bond-lacp-fallback-period
    bond-lacp-fallback-priority bond-master bootfile bridge-dynamic bridge-hw
    bridge-mcast-flood client dad-attempts dad-interval dhcp dns-domain dns-nameserver
    dns-nameservers dns-search dns-sortlist dummy-link-type ethernet-autoneg ethernet-pause-rx
    ethernet-pause-tx ethernet-port ethernet-wol frame gateway-metric hardware-dma-ring-rx
    hardware-dma-ring-tx hostname hwaddr ipv4-addrgen is-vrf leasehours leasetime
    link-advertised link-duplex-mode link-lanes link-rx-ring link-tx-ring macaddr
    media metric mstpctl-portadminage mstpctl-vlan netnum network nodad offload-gro
    offload-gso offload-lro offload-rx offload-sg offload-tso offload-tx offload-ufo
    ovs-ports pre-tunnel privext rename request-prefix rename-from server
    sysctl tunnel unit vendor vlan-bridge-binding vlan-ports vrf-cgroup-create
    vrf-default-route vrf-id vxlan-svcnode vxlan-tos wireless-channel wireless-essid
    wireless-key wireless-mode wpa-conf wpa-driver wpa-group wpa-iface wpa-key-mgmt
    wpa-pairwise wpa-proto wpa-psk wpa-roam wpa-ssid
    """.split()  # noqa: SIM905 (as above)
)
