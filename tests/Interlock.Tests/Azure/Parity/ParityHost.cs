using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Storage;
using Interlock.Samples.DemoServers;

namespace Interlock.Tests.Azure.Parity;

/// <summary>Interlock on one of its hosts, served on loopback with the sample servers beside it; what a scenario may use of it.</summary>
internal abstract class ParityHost(ParityPlace place, DemoServers servers) : IAsyncDisposable
{
    public const string Publisher = "monitoring";

    private readonly LocalKeys _keys = LocalKeys.Open(place.Folder, place.Time);

    public StillTime Time => place.Time;

    public DemoServers Servers => servers;

    public abstract Uri Address { get; }

    /// <summary>Where its audit rows are.</summary>
    public abstract ITableStore AuditTables { get; }

    public string Token(string user, TokenClass face = TokenClass.Api)
    {
        var found = LocalUsers.Load(place.Folder).Find(ParityPlace.Tenant, user) ?? throw new InvalidOperationException($"Nobody is called {user}.");
        return _keys.Issuer.Issue(new LocalTokenRequest(found.ToPrincipal(ParityPlace.Tenant), face, TimeSpan.FromMinutes(30)));
    }

    /// <summary>A token of the application that delivers events.</summary>
    public string PublisherToken()
    {
        var publisher = new Principal(ParityPlace.Tenant, Publisher, PrincipalKind.Application, "Event Grid", [], ["event-source"]);
        return _keys.Issuer.Issue(new LocalTokenRequest(publisher, TokenClass.Api, TimeSpan.FromMinutes(5)));
    }

    /// <summary>Whether the host has a trigger for Event Grid.</summary>
    public virtual bool TakesFromEventGrid => false;

    /// <summary>Delivers an event as Event Grid does.</summary>
    public virtual Task DeliverAsync(string cloudEvent) => throw new NotSupportedException();

    /// <summary>Takes away what the host remembers of its schedule, where it has one beside its store.</summary>
    public virtual Task LoseScheduleAsync() => Task.CompletedTask;

    /// <summary>Does what the host does now and then.</summary>
    public virtual Task UpkeepAsync() => Task.CompletedTask;

    public Task<AuditVerification> VerifyAsync() => AuditVerifier.VerifyStoreAsync(AuditTables, ParityPlace.Tenant, cancellationToken: TestContext.Current.CancellationToken);

    public virtual async ValueTask DisposeAsync()
    {
        _keys.Dispose();
        await servers.DisposeAsync();
    }
}
