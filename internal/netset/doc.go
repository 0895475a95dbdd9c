// Package netset has sets of addresses, of port numbers and of packets, and the arithmetic of addresses.
//
// [Addrs] and [Numbers] are sets of one dimension. A [Box] is a product of such sets: the packets whose every field is in the set
// of that field. [Packets] is a union of disjoint boxes. All are values: an operation makes a new set and changes none.
//
// The address sets are go4.org/netipx's. docs/adr/0010-packet-sets.md says why boxes, and what the alternatives cost.
package netset
