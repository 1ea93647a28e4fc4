package identifiers

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Masker replaces names and identifiers of some people in texts. Names match
// whole words in any case and with or without accents, also by each longer
// part of a name; numbers match in any spelling, with or without country code.
// It rather masks too much than too little, except that words which join names
// ("de", "von") are not masked by themselves. The zero Masker masks nothing; it
// is not safe for concurrent use while names are added.
type Masker struct {
	names   map[string][]name // by folded first word
	values  map[string]string // kind, blank, value → replacement
	numbers []number
}

type name struct {
	words []string // folded
	with  string
	exact string // for very short names: the spelling that must match
}

type number struct {
	digits string // a form of the national number, at least 6 digits
	with   string
}

// AddName adds a name, also written as one word, and each of its words of three
// letters or more.
func (m *Masker) AddName(label, with string) { m.addName(label, with, with, all) }

// AddPerson adds what officers or address books call a person. Its single words
// have a replacement of their own, because they may be the words of somebody
// else's name; of "the neighbour Ana" they are those with a capital letter.
func (m *Masker) AddPerson(label, with, part string) { m.addName(label, with, part, capitals(label)) }

func (m *Masker) addName(label, with, part string, telling func(word string) bool) {
	if v, err := ParseLabel(label); err == nil && v.Kind != WAName {
		m.AddValue(v.Kind, v.Norm, with)
		return
	}
	words := split(label)
	if len(words) == 0 {
		return
	}
	var folded []string
	for _, w := range words {
		folded = append(folded, fold(label[w[0]:w[1]]))
	}
	m.add(name{words: folded, with: with}, label[words[0][0]:words[0][1]])
	if len(words) == 1 {
		return
	}
	m.add(name{words: []string{strings.Join(folded, "")}, with: with}, label) // as handles and file names have it
	if from, to := core(label, words, telling); from < to && to-from < len(words) {
		m.add(name{words: folded[from:to], with: with}, label[words[from][0]:words[from][1]])
	}
	for i, w := range words {
		word := label[w[0]:w[1]]
		if len([]rune(folded[i])) >= 3 && !strings.Contains(particles, " "+folded[i]+" ") && telling(word) {
			m.add(name{words: folded[i : i+1], with: part}, word)
		}
	}
}

// core returns the range of words from the first to the last telling one: the
// name within a description.
func core(label string, words [][2]int, telling func(string) bool) (from, to int) {
	from = len(words)
	for i, w := range words {
		if telling(label[w[0]:w[1]]) {
			from, to = min(from, i), i+1
		}
	}
	return from, to
}

func all(string) bool { return true }

// capitals tells the words of a label that may be a name: all of them where none
// begins with a capital letter, or where the script has none.
func capitals(label string) func(word string) bool {
	first := func(word string) rune { r, _ := utf8.DecodeRuneInString(word); return r }
	for _, w := range split(label) {
		if unicode.IsUpper(first(label[w[0]:w[1]])) {
			return func(word string) bool { return !unicode.IsLower(first(word)) }
		}
	}
	return all
}

// AddPhrase adds a title or file name: only the whole of it is masked, in any
// case and with or without accents and punctuation.
func (m *Masker) AddPhrase(text, with string) {
	words := split(text)
	if len(words) == 0 {
		return
	}
	var folded []string
	for _, w := range words {
		folded = append(folded, fold(text[w[0]:w[1]]))
	}
	m.add(name{words: folded, with: with}, text[words[0][0]:words[0][1]])
}

// particles join names and are common words of some language; folded, of three
// letters or more.
const particles = " abu and ben bin bint dal das dei del della den der des dos ibn las les los san sao the und van vom von zum zur "

// add registers a name; one of fewer than three letters must match in its own
// case, so that "Al" does not mask "al".
func (m *Masker) add(n name, first string) {
	if len(n.words) == 1 && len([]rune(n.words[0])) < 3 {
		n.exact = first
	}
	if m.names == nil {
		m.names = map[string][]name{}
	}
	at := m.names[n.words[0]]
	place := len(at) // the longest first, then as they were added
	for place > 0 && len(at[place-1].words) < len(n.words) {
		place--
	}
	m.names[n.words[0]] = slices.Insert(at, place, n)
}

// AddValue adds a normalised value of a kind.
func (m *Masker) AddValue(k Kind, value, with string) {
	switch {
	case value == "":
		return
	case k == WAName:
		m.AddName(value, with)
		return
	case k == Handle:
		_, handle, _ := strings.Cut(value, ":")
		m.AddName(handle, with)
		return
	}
	if m.values == nil {
		m.values = map[string]string{}
	}
	m.values[string(k)+" "+value] = with
	if k == Phone {
		for _, n := range nationals(value) {
			if len(n) >= 6 {
				m.numbers = append(m.numbers, number{n, with})
			}
		}
	}
}

// Empty reports whether there is nothing to mask.
func (m *Masker) Empty() bool { return len(m.names) == 0 && len(m.values) == 0 }

// span is a piece of text to replace.
type span struct {
	from, to int
	with     string
}

var digitRun = regexp.MustCompile(`\p{Nd}(?:[\p{Zs}\p{Cf}\p{Pd}\p{M}./()]{0,3}\p{Nd}){5,}`)

// looseRun has anything but letters between its digits.
var looseRun = regexp.MustCompile(`\p{Nd}(?:[^\p{L}\p{Nd}]{0,3}\p{Nd}){5,}`)

// Text returns s with everything masked.
func (m *Masker) Text(s string) string {
	if m.Empty() || s == "" {
		return s
	}
	var spans []span
	for _, f := range Extract(s) {
		if with, ok := m.values[string(f.Kind)+" "+f.Norm]; ok {
			spans = append(spans, span{f.Offset, f.Offset + f.Length, with})
		}
	}
	if len(m.numbers) > 0 {
		spans = append(spans, m.numberSpans(s)...)
	}
	return replace(s, append(spans, m.nameSpans(s)...))
}

// numberSpans finds numbers in runs of digits. In a run with the usual
// punctuation all of it is masked, with anything else between the digits only
// the number itself: a list may go on behind it.
func (m *Masker) numberSpans(s string) []span {
	var spans []span
	for _, at := range digitRun.FindAllStringIndex(s, -1) {
		digits := onlyDigits(s[at[0]:at[1]])
		for _, n := range m.numbers {
			if strings.Contains(digits, n.digits) {
				spans = append(spans, span{at[0], at[1], n.with})
				break
			}
		}
	}
	for _, at := range looseRun.FindAllStringIndex(s, -1) {
		var digits strings.Builder
		var places []int // of each digit
		for i, r := range s[at[0]:at[1]] {
			if unicode.Is(unicode.Nd, r) {
				digits.WriteByte('0' + byte(digit(r)))
				places = append(places, at[0]+i)
			}
		}
		all := digits.String()
		for _, n := range m.numbers {
			for from := 0; ; from++ {
				i := strings.Index(all[from:], n.digits)
				if i < 0 {
					break
				}
				from += i
				last := places[from+len(n.digits)-1]
				_, size := utf8.DecodeRuneInString(s[last:])
				spans = append(spans, span{places[from], last + size, n.with})
			}
		}
	}
	return spans
}

func (m *Masker) nameSpans(s string) []span {
	if len(m.names) == 0 {
		return nil
	}
	words := split(s)
	folded := make([]string, len(words))
	for i, w := range words {
		folded[i] = fold(s[w[0]:w[1]])
	}
	var spans []span
	for i := 0; i < len(words); i++ {
		for _, n := range m.names[folded[i]] {
			last := i + len(n.words) - 1
			if last >= len(words) || !slices.Equal(folded[i:last+1], n.words) ||
				n.exact != "" && n.exact != s[words[i][0]:words[i][1]] {
				continue
			}
			spans = append(spans, span{words[i][0], words[last][1], n.with})
			i = last
			break
		}
	}
	return spans
}

// replace puts replacements in; of overlapping spans it makes one.
func replace(s string, spans []span) string {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var b strings.Builder
	done := 0
	for i := 0; i < len(spans); {
		to := spans[i].to
		next := i + 1
		for next < len(spans) && spans[next].from < to {
			to = max(to, spans[next].to)
			next++
		}
		b.WriteString(s[done:spans[i].from])
		b.WriteString(spans[i].with)
		done, i = to, next
	}
	b.WriteString(s[done:])
	return b.String()
}

// split returns the words of s as byte ranges: letters, marks and digits.
// Format characters inside a word belong to it.
func split(s string) [][2]int {
	var words [][2]int
	from := -1
	for i, r := range s {
		in := unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || from >= 0 && unicode.Is(unicode.Cf, r)
		if in && from < 0 {
			from = i
		}
		if !in && from >= 0 {
			words = append(words, [2]int{from, i})
			from = -1
		}
	}
	if from >= 0 {
		words = append(words, [2]int{from, len(s)})
	}
	return words
}

// fold brings a word to lower case without accents and unseen characters.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, bare(s))
}
