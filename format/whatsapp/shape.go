package whatsapp

import "strings"

// name writes a form for people: "dd/mm/yyyy, HH:MM - ". wide says whether days
// or months and hours are always written with two digits.
func (f shape) name(o Order, wideDate, wideHour bool) string {
	day, month := "d", "m"
	if wideDate {
		day, month = "dd", "mm"
	}
	year := strings.Repeat("y", int(f.yearLen))
	if f.yearLen == 1 {
		year = "era"
	}
	letters := string(o)
	if len(letters) != 3 {
		letters = string(possible(f.yearPos)[0])
	}
	var fields []string
	for _, c := range letters {
		fields = append(fields, map[rune]string{'d': day, 'm': month, 'y': year}[c])
	}
	date := strings.Join(fields, f.sep)
	if f.dot {
		date += "."
	}
	clock := f.clockName(wideHour)
	comma := f.comma + " "
	if f.link != "" {
		comma = " " + f.link + comma
	}
	out := date + comma + clock
	if f.timeFirst {
		out = clock + comma + date
	}
	if f.zero != '0' {
		out = "(" + string(f.zero) + "-digits) " + out
	}
	if f.bracket {
		out = "[" + out
	}
	return out + f.end
}

func (f shape) clockName(wide bool) string {
	hour := "h"
	if f.clock == 0 {
		hour = "H"
	}
	if wide {
		hour += hour
	}
	minute := "MM"
	if f.clock != 0 {
		minute = "mm"
	}
	out := hour + string(f.tsep) + minute
	if f.seconds {
		out += string(f.tsep) + strings.ToLower("SS")
	}
	label := [...]string{"", "AM/PM", "day part"}[f.clock]
	if f.clock == 0 {
		return out
	}
	if f.before {
		return label + " " + out
	}
	return out + visible(f.space) + label
}

// visible names the spaces that look like a plain one.
func visible(s string) string {
	return strings.NewReplacer("\u202f", "<U+202F>", "\u00a0", "<U+00A0>", "\u2009", "<U+2009>").Replace(s)
}
