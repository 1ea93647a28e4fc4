package main

import (
	"tutela/pipeline"
	"tutela/vault"
)

// workVerb does the promised work of every case that the key can open.
type workVerb struct {
	UntilIdle bool `help:"${help_until_idle}"`
	Workers   int  `help:"${help_workers}"`
}

// Run works until the user stops it or, with --until-idle, until nothing is
// left.
func (c *workVerb) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		return a.working(v, c.Workers, func(line *pipeline.Line) error {
			m := a.meter()
			defer m.done()
			if err := line.Work(a.ctx, c.Workers, c.UntilIdle, m.show); err != nil {
				return err
			}
			counts, err := v.Queue.Counts(a.ctx, "")
			if err != nil {
				return err
			}
			return a.print.value(map[string]int{"done": counts.Done, "waiting": counts.Waiting + counts.Running, "failed": counts.Failed},
				a.text.Text("work.done", counts.Done, counts.Waiting+counts.Running, counts.Failed))
		})
	})
}
