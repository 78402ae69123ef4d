// What every Queue adapter promises. Names carry the number of the statement of the field's usual
// FIFO service that the test keeps (S..) or exceeds (X..); P are promises of our own.
//
// Not stated here, because this port has no such thing: S1 (name suffix), S24 (repeatable receive
// attempts), S33 (dead letter queues are separate), S38-S42 (quotas and push consumers with partial answers).
#pragma once

#include "contract/queue_contract_death.hpp"
#include "contract/queue_contract_dedup.hpp"
#include "contract/queue_contract_looking.hpp"
#include "contract/queue_contract_order.hpp"
#include "contract/queue_contract_receipts.hpp"
