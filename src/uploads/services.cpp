#include "uploads/services.hpp"

namespace hoist::uploads {

Services::Services(Ports const& ports, Intake& intake)
    : options_{intake.options()},
      clock_{ports.clock},
      grants{ports.presigner, options_},
      views{grants, ports.scanner, intake.stages(), ports.clock},
      transfers{{ports.database, ports.multiparts, grants, ports.clock}, options_},
      creation{{ports.database, ports.idempotency, ports.audit, ports.limits, transfers, intake.journal(),
                ports.clock, ports.metrics},
               options_},
      batch_creation{{ports.database, ports.idempotency, ports.audit, ports.limits, transfers, grants,
                      intake.journal(), ports.clock, ports.metrics},
                     options_},
      upload_tickets{{ports.database, ports.audit, creation, transfers}},
      completion{{ports.database, ports.objects, ports.multiparts, intake.arrivals(), intake.whole_uploads(),
                  ports.idempotency},
                 options_},
      retry{{ports.database, intake.handover(), ports.objects, ports.idempotency, ports.audit, ports.limits},
            options_},
      reading{ports.database, options_},
      downloads{{ports.database, ports.audit, grants, ports.clock}, options_},
      removal{{ports.database, ports.objects, ports.multiparts, ports.audit, intake.journal()}, options_},
      ledger{{ports.database, ports.wakeups, ports.limits, intake.stages(), intake.journal(), ports.clock},
             options_},
      feed{{ports.database, ports.wakeups, intake.stages()}, options_},
      watchdog{
          {ports.database, ports.joint, intake.handover(), completion, removal, ports.clock, ports.metrics},
          options_},
      store_news{{ports.database, ports.objects, completion, intake.arrivals()}, options_} {}

RouteNeeds Services::for_routes(Recheck recheck) {
  auto const stream = StreamNeeds{feed, std::move(recheck), clock_, options_};
  return {creation,  batch_creation, transfers, completion, retry,   reading,
          downloads, removal,        views,     stream,     options_};
}

}  // namespace hoist::uploads
