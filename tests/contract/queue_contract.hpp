// What every queue promises, port by port. Names carry the number of the statement of the field's usual
// FIFO service that the test keeps (S..) or exceeds (X..); P are promises of our own. A queue that shares its
// database with its users' rows runs joint_consumer_contract.hpp, too.
//
// Not stated here, because these ports have no such thing: S1 (name suffix), S24 (repeatable receive
// attempts), S33 (dead letter queues are separate), S38-S42 (quotas and push consumers with partial answers).
#pragma once

#include "contract/consumer_contract.hpp"
#include "contract/dead_letters_contract.hpp"
#include "contract/lifecycle_contract.hpp"
#include "contract/outbox_contract.hpp"
#include "contract/queue_upkeep_contract.hpp"
