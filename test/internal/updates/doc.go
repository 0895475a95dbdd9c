// Package updates tells what CloudFormation does when one template takes the place of another: what it adds, changes in
// place, makes anew and deletes, and which updates it or EKS refuses. It knows the create-only properties of resource types
// from their schemas and follows references: what is made anew has another id, so whatever names it changes too.
package updates
