/**
 * The kernel functions that logs of calls show, by class. Minor ones are small helpers, compared on request only; those of class context are
 * there to read a log by and never compared. The list is that of the recordings of Linux 6.1 that the model is held against.
 */

/** How one function takes part in comparisons. */
export interface FunctionClass {
  readonly class: string;
  readonly minor: boolean;
}

/** Class -> functions, minor ones apart. */
const BY_CLASS: Readonly<Record<string, { readonly main: string; readonly minor?: string }>> = {
  epoll: {
    main: '__ep_eventpoll_poll do_epoll_ctl do_epoll_wait ep_autoremove_wake_function ep_clear_and_put ep_destroy_wakeup_source '
      + 'ep_done_scan ep_eventpoll_poll ep_eventpoll_release ep_find ep_find_tfd ep_free ep_insert ep_item_poll '
      + 'ep_loop_check_proc ep_modify ep_poll ep_poll_callback ep_poll_safewake ep_ptable_queue_proc ep_remove ep_send_events '
      + 'ep_show_fdinfo ep_start_scan ep_unregister_pollwait eventpoll_release_file',
    minor: 'attach_epitem clear_tfile_check_list do_epoll_create ep_alloc ep_busy_loop ep_busy_loop_end ep_events_available ep_get '
      + 'ep_get_upwards_depth_proc ep_loop_check ep_rbtree_insert ep_refcount_dec_and_test ep_remove_epi ep_remove_file '
      + 'ep_remove_wait_queue ep_set_busy_poll_napi_id ep_timeout_to_timespec epi_fget list_file reverse_path_check '
      + 'reverse_path_check_proc unlist_file',
  },
  context: {
    main: '__fput __release_sock filp_close release_sock reqsk_timer_handler tcp_delack_timer_handler tcp_keepalive_timer '
      + 'tcp_release_cb tcp_v4_rcv tcp_write_timer_handler tw_timer_handler',
  },
  tcp: {
    main: 'inet_csk_accept inet_csk_listen_stop sk_stream_wait_connect sk_stream_wait_memory sk_wait_data tcp_check_space '
      + 'tcp_child_process tcp_close tcp_conn_request tcp_data_queue tcp_data_ready tcp_disconnect tcp_done tcp_fin '
      + 'tcp_finish_connect tcp_new_space tcp_rcv_established tcp_rcv_state_process tcp_recvmsg tcp_recvmsg_locked tcp_reset '
      + 'tcp_send_active_reset tcp_send_fin tcp_sendmsg tcp_sendmsg_locked tcp_set_state tcp_shutdown tcp_time_wait '
      + 'tcp_timewait_state_process tcp_v4_connect tcp_v4_send_reset tcp_v4_syn_recv_sock tcp_write_err',
    minor: '__inet_stream_connect __tcp_ack_snd_check __tcp_cleanup_rbuf __tcp_close __tcp_push_pending_frames __tcp_send_ack '
      + 'inet_accept inet_child_forget inet_csk_complete_hashdance inet_csk_destroy_sock inet_csk_listen_start '
      + 'inet_csk_reqsk_queue_add inet_csk_wait_for_connect inet_release inet_shutdown inet_stream_connect inet_wait_for_connect '
      + 'sk_stream_error sk_stream_kill_queues sk_stream_wait_close tcp_ack tcp_check_req tcp_cleanup_rbuf tcp_connect tcp_push '
      + 'tcp_push_one tcp_rcv_synsent_state_process tcp_rtx_synack tcp_send_ack tcp_tasklet_func tcp_urg tcp_v4_conn_request '
      + 'tcp_v4_do_rcv tcp_validate_incoming tcp_write_xmit',
  },
  poll: {
    main: '__pollwait core_sys_select do_poll do_select do_sys_poll pollwake',
    minor: '__pollwake free_poll_entry poll_freewait poll_initwait poll_schedule_timeout',
  },
  wait: {
    main: '__wake_up __wake_up_common __wake_up_locked __wake_up_locked_key __wake_up_locked_sync_key __wake_up_pollfree '
      + '__wake_up_sync __wake_up_sync_key add_wait_queue add_wait_queue_exclusive default_wake_function remove_wait_queue',
    minor: '__wake_up_common_lock autoremove_wake_function finish_wait prepare_to_wait prepare_to_wait_event '
      + 'prepare_to_wait_exclusive wait_woken woken_wake_function',
  },
  eventfd: {
    main: 'eventfd_poll eventfd_read eventfd_release eventfd_signal eventfd_signal_mask eventfd_write',
    minor: 'do_eventfd eventfd_ctx_do_read',
  },
  pipe: {
    main: 'pipe_poll pipe_read pipe_release pipe_wait_readable pipe_wait_writable pipe_write',
    minor: 'do_pipe2',
  },
  sock: {
    main: 'sk_stream_write_space sock_def_error_report sock_def_readable sock_def_wakeup sock_def_write_space '
      + 'sock_def_write_space_wfree unix_write_space',
    minor: 'sk_error_report sock_close sock_wake_async tcp_stream_is_readable tcp_stream_memory_free',
  },
  'sock.poll': {
    main: 'sock_poll tcp_poll unix_poll',
  },
  unix: {
    main: 'unix_accept unix_release_sock unix_shutdown unix_socketpair unix_stream_connect unix_stream_data_wait '
      + 'unix_stream_read_generic unix_stream_sendmsg',
    minor: 'unix_release unix_stream_recvmsg',
  },
};

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

/** The class of every function. */
export const functionClasses: ReadonlyMap<string, FunctionClass> = new Map<string, FunctionClass>(Object.entries(BY_CLASS).flatMap(([name, { main, minor = '' }]) => [
  ...words(main).map((f): [string, FunctionClass] => [f, { class: name, minor: false }]), ...words(minor).map((f): [string, FunctionClass] => [f, { class: name, minor: true }]),
]));
