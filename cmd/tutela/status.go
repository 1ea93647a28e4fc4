package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/tips"
	"tutela/pipeline"
	"tutela/vault/evidence"
)

// statusVerb says how far a case is.
type statusVerb struct {
	ofCase `embed:""`
}

// statusRow is everything that status counts. Protected sources do not count.
type statusRow struct {
	Case       string                `json:"case"`
	Title      string                `json:"title"`
	State      string                `json:"state"`
	AtRisk     int                   `json:"at_risk"`
	Exhibits   int                   `json:"exhibits"`
	Bytes      int64                 `json:"bytes"`
	Held       int                   `json:"held"`
	Quarantine int                   `json:"quarantined"`
	Erased     int                   `json:"erased"`
	Items      int64                 `json:"items"`
	Contents   int64                 `json:"contents"`
	Findings   int64                 `json:"findings"`
	Matches    map[matching.Tier]int `json:"matches"`
	Reopened   int                   `json:"reopened"` // matches whose list changed, not settled
	Groups     int                   `json:"groups"`
	Messages   int64                 `json:"messages"`
	Tips       int                   `json:"tips"`
	Known      int                   `json:"identifiers"`
	Recipients map[string]int        `json:"recipients"`
	Jobs       jobCounts             `json:"jobs"`
	Failures   []failureRow          `json:"failures,omitempty"`
	Coverage   []coverageRow         `json:"coverage"`
}

// jobCounts counts the promises of work by state.
type jobCounts struct {
	Waiting int `json:"waiting"`
	Running int `json:"running"`
	Done    int `json:"done"`
	Failed  int `json:"failed"`
}

type failureRow struct {
	Stage string `json:"stage"`
	Error string `json:"error"`
}

type coverageRow struct {
	Stage    string `json:"stage"`
	Version  string `json:"version"`
	Outcome  string `json:"outcome"`
	Detail   string `json:"detail,omitempty"`
	Subjects int64  `json:"subjects"`
}

// Run prints the counts of the case.
func (c *statusVerb) Run(a *app) error {
	return a.inCase(c.Case, "case.status", func(in *room) error {
		s := statusRow{Case: string(in.k.ID), Title: in.k.Title, State: string(in.k.State), Recipients: map[string]int{}}
		for _, count := range []func(*room) error{s.countExhibits, s.countItems, s.countPeople, s.countWork} {
			if err := count(in); err != nil {
				return err
			}
		}
		if a.JSON {
			return a.print.value(s, "")
		}
		s.show(a)
		return nil
	})
}

func (s *statusRow) countExhibits(in *room) error {
	list, err := in.exhibits()
	if err != nil {
		return err
	}
	var live []evidence.Exhibit
	for _, e := range list {
		if e.State == evidence.Erased {
			s.Erased++
			continue
		}
		live = append(live, e)
		s.Exhibits, s.Bytes = s.Exhibits+1, s.Bytes+e.Size
		if e.Risk {
			s.AtRisk++
		}
		if e.Quarantine != "" {
			s.Quarantine++
		}
	}
	_, held, err := in.v.Evidence.Covered(in.ctx, in.r, live, pipeline.Identify)
	for _, e := range held {
		if e.Quarantine == "" {
			s.Held++
		}
	}
	return err
}

func (s *statusRow) countItems(in *room) error {
	n, err := media.Count(in.ctx, in.r, in.k.ID, cases.View{})
	if err != nil {
		return err
	}
	s.Items, s.Contents, s.Findings = n.Items, n.Contents, n.Findings
	sealed, err := in.sealFindings()
	if err != nil {
		return err
	}
	s.Findings += int64(len(sealed))
	if s.Matches, err = matching.Count(in.ctx, in.r, in.k.ID, cases.View{}); err != nil {
		return err
	}
	opened, err := matching.ReopenedOf(in.ctx, in.r, in.k.ID, cases.View{}, true)
	if err != nil {
		return err
	}
	s.Reopened = len(opened)
	covered, err := media.Covered(in.ctx, in.r, in.k.ID, cases.View{})
	for _, c := range covered {
		s.Coverage = append(s.Coverage, coverageRow{c.Stage, c.Version, string(c.Outcome), c.Detail, c.Subjects})
	}
	return err
}

func (s *statusRow) countPeople(in *room) error {
	groups, err := chats.Groups(in.ctx, in.r, in.k.ID, cases.View{})
	if err != nil {
		return err
	}
	for _, g := range groups {
		s.Groups, s.Messages = s.Groups+1, s.Messages+g.Messages
		if g.AtRisk {
			s.AtRisk++
		}
	}
	list, err := tips.List(in.ctx, in.r, in.k.ID, cases.View{})
	if err != nil {
		return err
	}
	s.Tips = len(list)
	if s.Known, err = identifiers.Count(in.ctx, in.r, in.k.ID, cases.View{}); err != nil {
		return err
	}
	s.Recipients, err = identifiers.Recipients(in.ctx, in.r, in.k.ID, cases.View{})
	return err
}

func (s *statusRow) countWork(in *room) error {
	shut, err := in.shutThings()
	if err != nil {
		return err
	}
	counts, err := in.v.Queue.Counts(in.ctx, string(in.k.ID))
	if len(shut) > 0 {
		counts, err = in.v.Queue.CountsOf(in.ctx, string(in.k.ID), func(thing string) bool { return !shut[thing] })
	}
	if err != nil {
		return err
	}
	s.Jobs = jobCounts(counts)
	failed, err := in.v.Queue.Failures(in.ctx, string(in.k.ID))
	if err != nil || len(failed) == 0 {
		return err
	}
	closed, err := in.closed()
	for _, f := range failed {
		text := in.mask.Text(f.Error)
		if slices.ContainsFunc(closed, func(id string) bool { return strings.Contains(text, id) }) {
			text = ""
		}
		s.Failures = append(s.Failures, failureRow{f.Stage, text})
	}
	return err
}

// shutThings returns the ids of protected sources' exhibits and of what is in
// them: jobs that do nothing else are not counted.
func (c *room) shutThings() (map[string]bool, error) {
	marked, err := c.hidden()
	if err != nil {
		return nil, err
	}
	all, err := evidence.Count(c.ctx, c.r, string(c.k.ID), true)
	if err != nil {
		return nil, err
	}
	open, err := evidence.Count(c.ctx, c.r, string(c.k.ID), false)
	if err != nil || all.Exhibits == open.Exhibits && len(marked) == 0 {
		return nil, err
	}
	exhibits, err := evidence.Exhibits(c.ctx, c.r, evidence.Query{Case: string(c.k.ID), Protected: true})
	if err != nil {
		return nil, err
	}
	for _, e := range exhibits {
		if !e.Protected && !marked[e.ID] {
			continue
		}
		marked[e.ID] = true
		items, err := media.Items(c.ctx, c.r, media.Query{Case: c.k.ID, Exhibit: e.ID, View: cases.View{Protected: true}})
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			marked[string(i.ID)] = true
		}
	}
	return marked, nil
}

// closed returns what names protected sources' exhibits and items: their ids,
// and the names of their files.
func (c *room) closed() ([]string, error) {
	all, err := evidence.Exhibits(c.ctx, c.r, evidence.Query{Case: string(c.k.ID), Protected: true})
	if err != nil {
		return nil, err
	}
	shown, err := c.exhibits()
	if err != nil {
		return nil, err
	}
	open := map[string]bool{}
	for _, e := range shown {
		open[e.ID] = true
	}
	items, err := media.Items(c.ctx, c.r, media.Query{Case: c.k.ID, View: cases.View{Protected: true}})
	hidden, err2 := c.hidden()
	var closed []string
	for _, e := range all {
		if !open[e.ID] {
			closed = append(closed, e.ID)
			if e.Name != "" {
				closed = append(closed, e.Name)
			}
		}
	}
	for _, i := range items {
		if !open[i.Exhibit] || hidden[string(i.ID)] {
			closed = append(closed, string(i.ID))
		}
	}
	return closed, errors.Join(err, err2)
}

func (s *statusRow) show(a *app) {
	t := a.text
	say := func(key string, args ...any) { a.print.line(printable(t.Text(key, args...))) }
	if s.AtRisk > 0 {
		say("status.risk", s.AtRisk)
	}
	say("status.case", s.Case, s.Title, s.State)
	say("status.exhibits", s.Exhibits, size(s.Bytes), s.Held, s.Quarantine, s.Erased)
	say("status.items", s.Items, s.Contents, s.Findings)
	say("status.matches", s.Matches[matching.Exact], s.Matches[matching.Same], s.Matches[matching.Likely], s.Matches[matching.ToReview])
	if s.Reopened > 0 {
		say("status.reopened", s.Reopened)
	}
	say("status.people", s.Groups, s.Messages, s.Tips, s.Known)
	say("status.recipients", len(s.Recipients))
	say("status.jobs", s.Jobs.Waiting+s.Jobs.Running, s.Jobs.Done, s.Jobs.Failed)
	for _, f := range s.Failures {
		say("status.failure", f.Stage, f.Error)
	}
	for _, c := range s.Coverage {
		if c.Detail != "" {
			c.Outcome = fmt.Sprintf("%s (%s)", c.Outcome, c.Detail)
		}
		say("status.coverage", c.Stage, c.Version, c.Outcome, c.Subjects)
	}
}
