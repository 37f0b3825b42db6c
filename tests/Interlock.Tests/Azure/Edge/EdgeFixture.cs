using Interlock.Samples.DemoServers;
using Interlock.Tests.Azure.Parity;

namespace Interlock.Tests.Azure.Edge;

/// <summary>Both hosts side by side, each with its own folder and nothing registered.</summary>
public sealed class EdgeFixture : IAsyncLifetime
{
    private readonly ParityPlace _one = new();
    private readonly ParityPlace _other = new();
    private ParityHost? _embedded;
    private FunctionsHost? _functions;

    internal ParityHost Embedded => _embedded!; // set before any test

    internal FunctionsHost Functions => _functions!; // as above

    public async ValueTask InitializeAsync()
    {
        _embedded = await EmbeddedHost.StartAsync(_one, new DemoServersOptions());
        _functions = await FunctionsHost.StartAsync(_other, new DemoServersOptions());
    }

    public async ValueTask DisposeAsync()
    {
        if (_functions is not null) await _functions.DisposeAsync();
        if (_embedded is not null) await _embedded.DisposeAsync();
        _one.Dispose();
        _other.Dispose();
    }
}
