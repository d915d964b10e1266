package session

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// User is somebody with a password.
type User struct {
	Name string
	Role Role
	hash []byte
}

// Users are those who may log in by name and password.
type Users []User

// ParseUsers reads lines, or a comma-separated list, of name:role:bcrypt-hash. An error never contains a hash.
func ParseUsers(text string) (Users, error) {
	var users Users
	var problems []error
	for i, line := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		user, err := parseUser(line)
		if err != nil {
			problems = append(problems, fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		users = append(users, user)
	}
	return users, errors.Join(problems...)
}

func parseUser(line string) (User, error) {
	name, rest, _ := strings.Cut(line, ":")
	roleName, hash, ok := strings.Cut(rest, ":")
	if !ok || name == "" {
		return User{}, errors.New("must look like ada:operator:$2a$... (name, role, bcrypt hash)")
	}
	role, err := ParseRole(roleName)
	if err != nil {
		return User{}, err
	}
	if _, err := bcrypt.Cost([]byte(hash)); err != nil {
		return User{}, fmt.Errorf("the password of %s is not a bcrypt hash; make one with htpasswd -nbB", name)
	}
	return User{Name: name, Role: role, hash: []byte(hash)}, nil
}

// nobody's password takes as long to check as anybody's, so that the time of an answer does not tell which names exist.
const nobody = "$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5UPlvQ3p6oqSeJ0C7b7l9dL9nXW7C"

// Check returns the user whose password this is.
func (u Users) Check(name, password string) (User, bool) {
	found := User{hash: []byte(nobody)}
	for _, user := range u {
		if user.Name == name {
			found = user
		}
	}
	err := bcrypt.CompareHashAndPassword(found.hash, []byte(password))
	return found, err == nil && found.Name != ""
}
