package media

import "strings"

// Loss is what a finding means for how completely something was read.
type Loss string

// The losses. All but Part and Scope mean that a reader failed on something.
const (
	NoLoss      Loss = ""            // remarkable, and read all the same
	Ends        Loss = "ends"        // the bytes end too early
	Broken      Loss = "broken"      // damaged
	Salvaged    Loss = "salvaged"    // read without what should lead through it
	Locked      Loss = "locked"      // encrypted
	Unsupported Loss = "unsupported" // no reader knows this form
	Limit       Loss = "limit"       // read up to a limit
	Crashed     Loss = "crashed"     // a reader broke down on it
	Unclear     Loss = "unclear"     // read, and not understood in places
	Part        Loss = "part"        // a part of it is what readers look at, by their rule
	Scope       Loss = "scope"       // outside of what is authorised
)

// Failed reports whether a reader failed on the thing.
func (l Loss) Failed() bool { return l != NoLoss && l != Part && l != Scope }

// LossOf returns what the code of a finding, or the reason of a failed result,
// means. A code that it does not know counts as Unclear: what nobody has judged
// must not pass as read.
func LossOf(code string) Loss {
	for _, l := range losses() {
		for _, c := range strings.Fields(l.codes) {
			if stem, ok := strings.CutSuffix(c, "*"); c == code || ok && strings.HasPrefix(code, stem) {
				return l.loss
			}
		}
	}
	return Unclear
}

type losing struct {
	loss  Loss
	codes string // the first line that names a code counts; a star stands for any end
}

func losses() []losing {
	return []losing{
		{Ends, "picture.truncated zip.truncated tar.truncated mail.truncated mail.no-end"},
		{Broken, "picture.damaged picture.corrupt film.damaged archive.damaged archive.checksum gzip.damaged tar.damaged zip.overlap mail.encoding content.corrupt content.unreadable content.none"},
		{Salvaged, "zip.directory mail.no-boundary"},
		{Locked, "zip.encrypted"},
		{Unsupported, "picture.unsupported picture.raw-camera picture.no-decoder film.no-decoder archive.unsupported zip.method"},
		{Limit, `picture.too-large archive.count archive.size archive.total archive.ratio archive.depth whatsapp.limit mail.parts
			mail.depth mail.headers mail.size mail.long-header mbox.count read.size read.text link.size content.excluded`},
		{Crashed, "picture.decoder-failed stage.crashed fingerprint.*"},
		{Unclear, `whatsapp.unknown-phrase whatsapp.not-a-chat whatsapp.ambiguous-header whatsapp.date-order-conflict
			whatsapp.date-order-undecidable whatsapp.preamble mbox.preamble mail.header mail.empty read.nothing`},
		{Part, "picture.animated picture.frames-left film.sparse film.end"},
		{Scope, "read.scope"},
		{NoLoss, `type.* picture.orientation picture.too-small film.no-pictures film.variable zip.name-encoding zip.two-names archive.absolute archive.name-control archive.name-long
			archive.path-escape archive.link archive.special archive.duplicate-name whatsapp.attachment-* whatsapp.backwards
			whatsapp.counter-* whatsapp.crlf-inside whatsapp.date-order-inferred whatsapp.embedded-header whatsapp.export-cap
			whatsapp.line-ends whatsapp.name-colon whatsapp.shape-change mail.fold mail.duplicate-header mail.tld`},
	}
}
