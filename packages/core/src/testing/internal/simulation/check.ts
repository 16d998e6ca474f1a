/** The promises of distributed processing, checked on what was recorded of a simulation. Pure. */
import type { Moment } from "./happenings.js"
import * as Liveness from "./liveness.js"
import * as Safety from "./safety.js"
import { quiets } from "./times.js"
import type { Violation } from "./violation.js"

/** All promises that were broken, in the order of time. */
export const check = (moments: ReadonlyArray<Moment>, end: number): ReadonlyArray<Violation> => {
  const quiet = quiets(moments, end)
  return [
    ...Safety.staleWrites(moments),
    ...Safety.robberies(moments),
    ...Safety.lateWrites(moments),
    ...Safety.disturbances(moments),
    ...Safety.falseAnswers(moments),
    ...Safety.overlaps(moments, quiets(moments, end, Safety.keepsFromWaiting)),
    ...Liveness.unrevived(moments, quiet),
    ...Liveness.uncoordinated(moments, quiet),
    ...Liveness.needlessMoves(moments),
    ...Liveness.restless(moments, quiet),
    ...Liveness.uneven(moments, quiet, end)
  ].toSorted((a, b) => a.at - b.at)
}
