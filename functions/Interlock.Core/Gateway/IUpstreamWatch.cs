namespace Interlock.Core.Gateway;

/// <summary>Listens to servers that say by themselves when they offer something else. What they say is a hint, and may come at any time and rate.</summary>
public interface IUpstreamWatch
{
    /// <summary>Listens to exactly these from now on, and says of which registration a change was announced. Returns at once; a server that can't be listened to is none.</summary>
    void Watch(IReadOnlyCollection<UpstreamEndpoint> endpoints, Action<string> changed);
}
