namespace Interlock.Local.Storage;

/// <summary>A queued write and the task that waits for it.</summary>
internal abstract class WriteJob
{
    /// <summary>Runs the job inside the open transaction; may be called again after a rollback.</summary>
    public abstract void Run(SqliteWriter writer);

    /// <summary>Completes the task with what the last run returned or threw.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);
}

/// <inheritdoc/>
internal sealed class WriteJob<T>(Func<SqliteWriter, T> job) : WriteJob
{
    // Continuations go to the pool: on the writer thread they would hold up every other write.
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _completion.Task;

    public override void Run(SqliteWriter writer) => _result = job(writer);

    public override void Complete() => _completion.SetResult(_result!); // complete follows a run that returned

    public override void Fail(Exception exception) => _completion.SetException(exception);
}
