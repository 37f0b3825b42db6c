using Azure.Core;
using Azure.Core.Pipeline;

namespace Interlock.Functions.Storage;

/// <summary>
/// Counts how often the requests made within a scope were sent, so that a refusal of a first attempt is told from one of a repetition:
/// the client repeats by itself when an answer is lost. Stays 0 with clients whose options lack <see cref="Policy"/>.
/// </summary>
internal sealed class SendCount : IDisposable
{
    private const string Property = "Interlock.SendCount";

    private readonly IDisposable _scope;
    private int _sent;

    private SendCount() => _scope = HttpPipeline.CreateHttpMessagePropertiesScope(new Dictionary<string, object?> { [Property] = this });

    /// <summary>For the client's options, at <see cref="HttpPipelinePosition.PerRetry"/>.</summary>
    public static HttpPipelinePolicy Policy { get; } = new Counter();

    /// <summary>Known to have been sent once and no more.</summary>
    public bool IsOnce => Volatile.Read(ref _sent) == 1;

    public static SendCount Begin() => new();

    public void Dispose() => _scope.Dispose();

    private sealed class Counter : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            if (message.TryGetProperty(Property, out var value) && value is SendCount count) Interlocked.Increment(ref count._sent);
        }
    }
}
