package picture

import "strings"

// Parts splits the label of a Variant into its parts: "white-crop-frame3-ref512"
// gives "white-crop", "frame3" and "ref512".
func Parts(label string) []string {
	if rest, ok := strings.CutPrefix(label, "white-crop-"); ok {
		return append([]string{"white-crop"}, strings.Split(rest, "-")...)
	}
	return strings.Split(label, "-")
}
