using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Intake.Events;
using Interlock.Core.Locks;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Execution;

/// <summary>How runs reach each other: by events, as parent and child, and by the locks that they want. One a host.</summary>
public sealed class RunRelations
{
    public RunRelations(RunIntake intake, IRunHost runs, ITableStore store, AuditLog audit, TimeProvider time) =>
        (Listening, Children, Emitter, Locks) = (intake.Listening, new ChildRuns(intake, runs, audit, time), new EventEmitter(intake, audit, time), new LockDesk(store, runs, audit, time));

    public Listening Listening { get; }
    public ChildRuns Children { get; }
    public LockDesk Locks { get; }
    internal EventEmitter Emitter { get; }
}
