using System.Text;
using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;

namespace Interlock.Tests.Azure.Durable;

/// <summary>What crosses between orchestrator, activities and clients: JSON as the Functions worker writes it, within the limits of the host.</summary>
internal static class Payloads
{
    /// <summary>The channel between host and worker takes messages of 4 MB.</summary>
    public const int MaximumBytes = 4 * 1024 * 1024;

    /// <summary>In UTF-16, as the instances' table keeps it.</summary>
    public const int MaximumStatusBytes = 16 * 1024;

    /// <summary>In UTF-16: a failure's text is a property of a row.</summary>
    public const int MaximumFailureBytes = 64 * 1024;

    public static DataConverter Converter { get; } = new JsonDataConverter(new JsonSerializerOptions { PropertyNameCaseInsensitive = true });

    public static string? Write(object? value)
    {
        var json = Converter.Serialize(value);
        return json is not null && Encoding.UTF8.GetByteCount(json) > MaximumBytes
            ? throw new InvalidOperationException($"A payload of {Encoding.UTF8.GetByteCount(json)} bytes is over the limit of {MaximumBytes}.")
            : json;
    }

    public static string? WriteStatus(object? value)
    {
        var json = Converter.Serialize(value);
        return json is not null && Encoding.Unicode.GetByteCount(json) > MaximumStatusBytes
            ? throw new InvalidOperationException($"A custom status of {Encoding.Unicode.GetByteCount(json)} bytes is over the limit of {MaximumStatusBytes}.")
            : json;
    }

    public static T Read<T>(string? json) => json is null ? default! : Converter.Deserialize<T>(json)!;

    public static TaskFailureDetails Failure(Exception exception) => Encoding.Unicode.GetByteCount(exception.Message) > MaximumFailureBytes
        ? throw new InvalidOperationException($"A failure's text is over the limit of {MaximumFailureBytes} bytes.")
        : TaskFailureDetails.FromException(exception);
}
