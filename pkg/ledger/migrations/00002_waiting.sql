-- +goose Up
ALTER TABLE rollups
    ADD COLUMN waiting_outbound bigint, -- how much waited, at most, on its way to a remote; null: nobody looked
    ADD COLUMN waiting_inbound  bigint; -- and on its way back

-- +goose Down
ALTER TABLE rollups DROP COLUMN waiting_outbound, DROP COLUMN waiting_inbound;
