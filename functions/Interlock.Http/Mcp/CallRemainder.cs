namespace Interlock.Http.Mcp;

/// <summary>What is left to do of a request after its answer: the call goes on. <see cref="Since"/>: the timestamp at which the request came.</summary>
internal sealed class CallRemainder(long since)
{
    public long Since { get; } = since;

    public Task Work { get; set; } = Task.CompletedTask;
}
