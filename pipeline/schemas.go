package pipeline

import (
	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/hashlists"
	"tutela/casework/identifiers"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/persons"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/casework/tips"
	"tutela/vault/db"
)

// Schemas returns the tables of every room of casework, in the order of the
// floors: the visible list that a new room is added to.
func Schemas() []db.Schema {
	return []db.Schema{
		staff.Schema(),
		cases.Schema(),
		media.Schema(),
		hashlists.Schema(),
		matching.Schema(),
		chats.Schema(),
		tips.Schema(),
		identifiers.Schema(),
		persons.Schema(),
		referrals.Schema(),
	}
}
