package referrals

import (
	"tutela/casework/cases"
	"tutela/casework/staff"
)

// Received is the provenance of a package of another agency. What it says of
// itself stays a claim of its sender.
type Received struct {
	ID       string   `json:"received"`
	Case     cases.ID `json:"case"`
	Exhibit  string   `json:"exhibit"`
	Package  string   `json:"package"` // the sender's id
	Sender   string   `json:"sender"`  // as the package says
	Country  string   `json:"country"` // that it was cut for
	Handling string   `json:"handling"`
	Signer   string   `json:"signer"` // SSH fingerprint of the key that signed
	Known    bool     `json:"known"`  // the key was trusted when it came
	File     string   `json:"file"`   // as it came
	SHA256   string   `json:"sha256"` // of the file as it came
	Officer  staff.ID `json:"officer"`
	At       int64    `json:"at_us"`
}
