// Package intent has the names by which a template says what its author means, where the resources alone look like a mistake.
// The constructs write them into the metadata of a resource, and preflight reads them there.
package intent

// Metadata is the key under a resource's Metadata. Its value is a list of intents.
const Metadata = "eks-ipv6:intents"

// NoIPv4Internet says, in the metadata of a VPC, that its hosts are not meant to reach the IPv4 internet.
const NoIPv4Internet = "no-ipv4-internet"
