package main

import (
	"context"
	"slices"
	"strings"

	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/hash/pdq"
	"tutela/vault/db"
)

// whyVerb says how to come to a match of a case again.
type whyVerb struct {
	ofCase   `embed:""`
	shielded `embed:""`
	Match    string `arg:"" help:"${help_match_id}"`
}

// whyRow is the answer.
type whyRow struct {
	Match       string `json:"match"`
	Item        string `json:"item"`
	Tier        string `json:"tier"`
	Explanation string `json:"explanation"`
	Steps       []step `json:"steps"`
}

// Run finds the match in the case and tells what it rests on, step by step.
func (c *whyVerb) Run(a *app) error {
	return a.inView(c.Case, "match.why", c.shielded, func(in *room) error {
		l, err := matching.FindListed(a.ctx, in.r, in.k.ID, in.view, c.Match)
		if err != nil {
			return fault.Hint(err, a.text.Text("hint.matches"))
		}
		p, err := in.reproduction(l)
		if err != nil {
			return err
		}
		key, args := l.Explanation()
		row := whyRow{Match: l.ID, Item: string(l.Item), Tier: string(l.Tier), Explanation: a.text.Text(key, args...), Steps: p.steps(a)}
		return a.print.value(row, printable(row.Explanation)+"\n"+stepsText(a, row.Steps))
	})
}

// reproduction collects what is kept of an item and of the entry that it meets.
func (c *room) reproduction(l matching.Listed) (p reproduction, err error) {
	items, err := media.Find(c.ctx, c.r, l.Item)
	if err != nil {
		return p, err
	}
	if len(items) != 1 {
		return p, fault.New(fault.NotFound, "why: the item of the match is gone")
	}
	prints, err := media.Fingerprints(c.ctx, c.r, c.k.ID, "", items[0].SHA256)
	if err != nil {
		return p, err
	}
	list, err := hashlists.Find(c.ctx, c.r, l.List)
	if err != nil {
		return p, err
	}
	open := []string{"tutela exhibit open --case", string(c.k.ID), "--out FILE"}
	if items[0].Path != "" {
		open = append(open, "--item", string(l.Item))
	}
	if c.view.Protected {
		open = append(open, "--protected --why REASON")
	}
	p = reproduction{file: "FILE", fetch: strings.Join(append(open, l.Exhibit), " "), size: items[0].Size,
		subject: matching.SubjectOf(items[0], prints), match: l.Match, list: list}
	if err := p.on(c.ctx, c.r); err != nil {
		return p, err
	}
	for _, f := range slices.Backward(prints) { // of several versions the last that fits
		if h, err := pdq.FromBytes(f.Hash); f.Variant == p.match.Variant && err == nil && h == p.print.Hash {
			p.decoder, p.pixels = f.Decoder, f.Pixels.String()
			break
		}
	}
	return p, nil
}

// on finds the two values that the match rests on.
func (p *reproduction) on(ctx context.Context, q db.Queryer) (err error) {
	own := [][]byte{p.subject.Value(p.match.Algorithm)}
	if p.match.Algorithm == "pdq" {
		own = p.subject.Hashes(p.match.Variant)
	}
	if p.ground, err = matching.GroundOf(ctx, q, p.match, own...); err != nil {
		return err
	}
	for _, print := range p.subject.Prints {
		if h := print.Hash.Bytes(); print.Variant == p.match.Variant && string(h[:]) == string(p.ground.Own) {
			p.print = print
		}
	}
	return nil
}
