package main

import (
	"path/filepath"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/pipeline"
)

// ingestVerb seals what lies at paths and works on it.
type ingestVerb struct {
	ofCase          `embed:""`
	Paths           []string `arg:"" name:"path" help:"${help_paths}"`
	InPlace         bool     `help:"${help_in_place}"`
	ProtectedSource bool     `help:"${help_protected_source}"`
	Authorisation   string   `placeholder:"ID" help:"${help_ingest_authorisation}"`
	Owner           string   `placeholder:"NAME" help:"${help_owner}"`
	FromWhom        string   `placeholder:"NAME" help:"${help_from_whom}"`
	Device          string   `help:"${help_device}"`
	Method          string   `help:"${help_method}"`
	Zone            string   `help:"${help_zone}"`
	AtRisk          bool     `help:"${help_at_risk}"`
	Detach          bool     `help:"${help_detach}"`
}

// ingestResult is what the verb prints.
type ingestResult struct {
	Acquisitions []string `json:"acquisitions"`
	Exhibits     int      `json:"exhibits"`
	Bytes        int64    `json:"bytes"`
	Resumed      int      `json:"resumed"`
	Items        int      `json:"items"`
	Findings     int      `json:"findings"`
	Matches      int      `json:"matches"`
	Held         int      `json:"held"`
	Failed       int      `json:"failed"`
}

// Run takes the paths in. An interrupted run is continued by the same command.
func (c *ingestVerb) Run(a *app) error {
	paths := make([]string, len(c.Paths))
	for i, p := range c.Paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return fault.New(fault.Invalid, "ingest: %w", err)
		}
		paths[i] = abs
	}
	return a.inCase(c.Case, "case.show", func(in *room) error {
		if _, err := a.role(in.v, in.r, staff.Investigator, staff.Examiner); err != nil {
			return err
		}
		if err := in.ownAuthorisation(c.Authorisation); err != nil {
			return err
		}
		order := pipeline.Order{Case: string(in.k.ID), Paths: paths, InPlace: c.InPlace, Protected: c.ProtectedSource,
			Authorisation: c.Authorisation, Owner: c.Owner, FromWhom: c.FromWhom, Device: c.Device, Method: c.Method,
			Zone: c.Zone, Why: in.reason(), Detach: c.Detach, Risk: c.AtRisk}
		return a.working(in.v, 0, func(line *pipeline.Line) error {
			m := a.meter()
			res, err := line.Ingest(a.ctx, order, m.show)
			m.done()
			if err != nil {
				return err
			}
			return c.show(a, res)
		})
	})
}

func (c *ingestVerb) show(a *app, res pipeline.Result) error {
	a.print.line(a.text.Text("ingest.sealed", res.Exhibits, size(res.Bytes), res.Resumed))
	if res.Held > 0 {
		a.print.line(a.text.Text("ingest.held", res.Held))
	}
	if c.Detach {
		a.print.line(a.text.Text("work.detached"))
	} else {
		a.print.line(a.text.Text("ingest.read", res.Items, res.Findings, res.Matches))
	}
	for _, id := range res.Acquisitions {
		a.print.line(a.text.Text("ingest.acquisition", id))
	}
	if a.JSON {
		if err := a.print.value(ingestResult(res), ""); err != nil {
			return err
		}
	}
	if res.Failed > 0 {
		a.print.line(a.text.Text("ingest.failed", res.Failed))
		return status{exitIncomplete}
	}
	return nil
}
