using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Intake.Events;
using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>How runs reach each other: by events and as parent and child. One a host.</summary>
public sealed class RunRelations
{
    public RunRelations(RunIntake intake, IRunHost runs, AuditLog audit, TimeProvider time) =>
        (Listening, Children, Emitter) = (intake.Listening, new ChildRuns(intake, runs, audit, time), new EventEmitter(intake, audit, time));

    public Listening Listening { get; }
    public ChildRuns Children { get; }
    internal EventEmitter Emitter { get; }
}
