package admin

// Schema is how far a set of tables in a service's database is. Each service prints one line of JSON for each of its
// sets when it is run with the argument migrations, or with migrate, which brings them up to date first.
type Schema struct {
	Set     string `json:"set"`
	Version int64  `json:"version"` // of the newest migration that was applied; 0 for none
	Newest  int64  `json:"newest"`  // that this version of the program has
	Pending int    `json:"pending"` // migrations that are to be applied
}
