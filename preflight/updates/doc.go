// Package updates tells what CloudFormation does when new templates take the place of those that are deployed: what it adds,
// changes in place, makes anew and deletes, and which updates it, EKS or the cluster refuses.
//
//	deployed, err := updates.Load("old.json") // aws cloudformation get-template --stack-name X --query TemplateBody > old.json
//	next, err := updates.Load("cdk.out")
//	update, err := updates.Compare(deployed, next)
//
// It knows from the resource types' own schemas which properties cannot change in place, and follows references: what is made
// anew has another id, so whatever names it changes too. What the templates leave open is said to be open, and so is what
// happens to a resource of a type that it does not know.
//
// Package rules makes findings of it, and preflight check -deployed shows them.
package updates
