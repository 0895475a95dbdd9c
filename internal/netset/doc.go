// Package netset has sets of addresses, of port numbers and of packets, and the arithmetic of addresses.
//
// [Addrs] and [Numbers] are sets of one dimension, kept as ranges in order. A [Box] is a product of such sets: the packets whose
// every field is in the set of that field. [Packets] is a union of disjoint boxes. All are values: an operation makes a new set
// and changes none. [Table] finds the longest prefix.
//
// Ranges and prefixes are made of each other by go4.org/netipx, with whose sets the tests compare these. docs/adr/0010-packet-sets.md
// says why boxes, and what the alternatives cost.
package netset
