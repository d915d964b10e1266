-- +goose Up
CREATE UNIQUE INDEX books_title ON books (title);

-- +goose Down
DROP INDEX books_title;
