// Package cases keeps cases, who is entitled to them, their revision and the
// marks (child at risk now, protected source, privileged) that officers set on
// what belongs to them. It promises that a case is opened only for a stated
// purpose on a stated authority; it never lets somebody look who is not
// entitled.
package cases
