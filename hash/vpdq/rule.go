package vpdq

// Verdict says what a comparison amounts to. It is a proposal; a person decides.
type Verdict string

// The verdicts, strongest first.
const (
	SameShare Verdict = "share"     // enough of the frames of one film are in the other
	SameRun   Verdict = "run"       // enough seconds on end of both films match
	Promising Verdict = "promising" // too little for either; look again with more frames
	Unrelated Verdict = "unrelated"
)

// Hit reports whether the films have something in common that counts.
func (v Verdict) Hit() bool { return v == SameShare || v == SameRun }

// Rule says when two films match.
type Rule struct {
	Percent float64 // of the frames of either film
	Frames  int     // that must match in both films for Percent to count
	Seconds float64 // on end, in both films
	Hint    float64 // percent of either film, from which it is worth to look again
	Hints   int     // matched frames of either film, from which it is as well
}

// Standard returns the rule: 80 percent of either film, or five seconds on end of
// both. 80 percent is the recommendation of vpdq/README.md, asked of either film,
// where its example asks the compared one and HMA the query alone. Below three
// matched frames a share says little: a title picture has two. Five percent or two
// frames are worth another look, since a cut shifts which frames are sampled: the
// chair clips of the reference match by 16 and 9 percent at one frame a second and
// by 100 and 84 percent with every frame.
func Standard() Rule { return Rule{Percent: 80, Frames: 3, Seconds: 5, Hint: 5, Hints: 2} }

// Judge applies the rule.
func (r Rule) Judge(c Comparison) Verdict {
	q, o := c.Query, c.Compared
	most := max(q.Percent(), o.Percent())
	switch {
	case q.Matched == 0:
		return Unrelated
	case most >= r.Percent && min(q.Matched, o.Matched) >= r.Frames:
		return SameShare
	case r.Seconds > 0 && min(q.Longest(), o.Longest()) >= r.Seconds:
		return SameRun
	case most >= r.Hint || max(q.Matched, o.Matched) >= r.Hints:
		return Promising
	}
	return Unrelated
}
