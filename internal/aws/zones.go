package aws

// DocZones is the page that lists the zones in which EKS puts no control plane.
const DocZones = "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html"

// noControlPlane are the zones, by id, in which EKS puts no control plane, and their Regions. It is about the subnets
// that a cluster is given; nodes may run there. A zone's name, such as us-east-1e, is another zone in another account,
// so that only ids tell.
// Source: DocZones
var noControlPlane = map[string]string{
	"use1-az3": "us-east-1",
	"usw1-az2": "us-west-1",
	"cac1-az3": "ca-central-1",
}

// NoControlPlane says that EKS puts no control plane into a zone, by the zone's id, and tells its Region.
func NoControlPlane(zoneID string) (region string, ok bool) {
	region, ok = noControlPlane[zoneID]
	return region, ok
}

// NoControlPlaneIn is the zone of a Region in which EKS puts no control plane, by id; false where there is none.
func NoControlPlaneIn(region string) (zoneID string, ok bool) {
	for id, r := range noControlPlane {
		if r == region {
			return id, true
		}
	}
	return "", false
}
