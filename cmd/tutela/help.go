package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"tutela/phrase"
)

// helpPrinter prints the help of a verb. Of flags of which exactly one is
// needed, the parser's own help would call each required; here each names the
// others.
func helpPrinter(text *phrase.Catalog) kong.HelpPrinter {
	return func(o kong.HelpOptions, ctx *kong.Context) error {
		if n := ctx.Selected(); n != nil {
			var flags []*kong.Flag
			for _, group := range n.AllFlags(true) {
				flags = append(flags, group...)
			}
			sayOneOf(text, flags)
		}
		return kong.DefaultHelpPrinter(o, ctx)
	}
}

// sayOneOf changes the flags for a help that ends the run.
func sayOneOf(text *phrase.Catalog, flags []*kong.Flag) {
	var one []*kong.Flag
	for _, f := range flags {
		if f.Required && len(f.Xor) > 0 {
			one = append(one, f)
		}
	}
	for _, f := range one {
		var others []string
		for _, g := range one {
			if g != f && slices.ContainsFunc(g.Xor, func(x string) bool { return slices.Contains(f.Xor, x) }) {
				others = append(others, "--"+g.Name)
			}
		}
		f.Required = false
		f.Help += " " + text.Text("help.either", strings.Join(others, ", "))
	}
}
