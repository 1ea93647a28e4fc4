package main

import "tutela/pipeline"

// catchupVerb looks at what was left out for a reason that may be gone.
type catchupVerb struct {
	ofCase `embed:""`
	Detach bool `help:"${help_detach}"`
}

// Run promises what can be done now, and does it.
func (c *catchupVerb) Run(a *app) error {
	return a.inCase(c.Case, "exhibit.list", func(in *room) error {
		return a.working(in.v, 0, func(line *pipeline.Line) error {
			n, err := line.Release(a.ctx, string(in.k.ID), in.reason())
			if err != nil {
				return err
			}
			if n > 0 && !c.Detach {
				m := a.meter()
				err = line.Work(a.ctx, 0, true, m.show)
				m.done()
			}
			if err != nil {
				return err
			}
			return a.print.value(map[string]int{"exhibits": n}, a.text.Text("catchup.done", n))
		})
	})
}
