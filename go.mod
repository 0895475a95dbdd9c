module github.com/eks-ipv6/cdk

go 1.25.0

require (
	github.com/google/go-cmp v0.7.0 // indirect
	go.yaml.in/yaml/v3 v3.0.4 // indirect
)
